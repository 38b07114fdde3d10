"""Firmware versions: whether an access point runs one, and which of two is newer.

An access point reports a sentence such as ``OpenWrt 21.02-SNAPSHOT r16399 / TIP-v2.7.0-b9a7b1f8``; an
image's version is that sentence or a word of it.
"""

import re
from functools import lru_cache

Version = tuple[tuple[int, ...], int]
NOTHING: Version = ((), 0)  # before every version
_RELEASED = 2**31  # after every release candidate
_NUMBER = re.compile(r"(?<![\d.])(v?)(\d{1,9}(?:\.\d{1,9})+)(?:[-_.]?rc[-_.]?(\d{1,9}))?", re.IGNORECASE)


@lru_cache(maxsize=4096)
def runs(reported: str, version: str) -> bool:
    """Whether what an access point reported means that it runs ``version``. Whole words, any case."""
    told, wanted = reported.lower().split(), version.lower().split()
    if not wanted:
        return False
    return any(told[i : i + len(wanted)] == wanted for i in range(len(told) - len(wanted) + 1))


@lru_cache(maxsize=4096)
def parse(text: str) -> Version | None:
    """Its numbers, for comparing; None when there are none.

    What stands before a slash is the base system's. Of several the last one marked with a "v", else the
    last one.
    """
    found = _NUMBER.findall(text.rpartition(" / ")[2])
    marked = [one for one in found if one[0]] or found
    if not marked:
        return None
    _, numbers, candidate = marked[-1]
    parts = [int(part) for part in numbers.split(".")]
    while parts and parts[-1] == 0:  # 2.7 and 2.7.0 are one
        parts.pop()
    return tuple(parts), int(candidate) if candidate else _RELEASED


def is_older(version: str, than: str) -> bool | None:
    """Whether ``version`` is older; None when the two cannot be compared."""
    one, other = parse(version), parse(than)
    return None if one is None or other is None else one < other
