"""Passphrases people can read out across a counter."""

import secrets

# No letter or digit here is easily taken for another when read from a card by the till.
LETTERS = "abcdefghkmnpqrstuvwxyz23456789"
GROUPS, LENGTH = 4, 4  # 16 letters of 30: 78 bits


def passphrase() -> str:
    """A fresh one, as ``k7tm-2wqa-r9de-hx4u``."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(GROUPS))
