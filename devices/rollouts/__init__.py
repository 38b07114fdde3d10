"""What a rollout does next, decided without I/O: rows, time and dice are handed in."""
