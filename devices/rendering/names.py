"""Names people give to things, and what becomes of them on the air and on the wire."""

import re
import unicodedata

# Letters that are not there to be seen but turn the reading direction around, or hide.
_DECEIVING = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_UNWRITTEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_LABEL_OCTETS = 63


def is_unwritten(character: str) -> bool:
    """A control character, line break, lone surrogate, or one that hides or reverses text."""
    return character in _DECEIVING or unicodedata.category(character) in _UNWRITTEN


def has_unwritten(text: str) -> bool:
    """Whether ``text`` holds anything that cannot be printed on a card by the till."""
    return not (text.isascii() and text.isprintable()) and any(map(is_unwritten, text))


def plain(text: str) -> str:
    """``text`` on one line: what cannot be written becomes a space."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return "".join(" " if is_unwritten(character) else character for character in text).strip()


def hostname(name: str, serial: str) -> str:
    """A host name (RFC 1123, one label of at most 63 letters, digits and hyphens) from a free name.

    ``Café Müller – 2`` is ``cafe-muller-2``; a name that leaves no letter becomes ``ap-<serial>``.
    """
    label = _label(name)
    return label if re.search("[a-z]", label) else _label(f"ap-{label or serial}")


def _label(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:_LABEL_OCTETS].rstrip("-")
