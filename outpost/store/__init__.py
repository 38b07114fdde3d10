"""The live store: desired, reported, presence, facts, nudges and commands of this moment."""
