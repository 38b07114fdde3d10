"""Who goes first: access points dealt out to waves, from a few canaries to all the rest."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise, zip_longest
from math import ceil
from typing import Literal


@dataclass(frozen=True)
class Share:
    """How far a wave goes, counted from the rollout's beginning: so many access points, or percent."""

    amount: int
    unit: Literal["count", "percent"] = "percent"


@dataclass(frozen=True)
class Candidate:
    serial: str
    network: int
    online: bool


def sizes(total: int, shares: Sequence[Share]) -> list[int]:
    """How many access points each wave has; none is empty, and the last one ends with everybody.

    Raises ``ValueError`` when the shares do not rise.
    """
    return [size for _number, size in portions(total, shares)]


def portions(total: int, shares: Sequence[Share]) -> list[tuple[int, int]]:
    """As ``sizes``, each with its number (from 1) among ``shares``: of a small total some are empty."""
    if any(share.amount < 1 for share in shares):
        raise ValueError("A wave has at least one access point")
    ends = [min(total, _end(total, share)) for share in shares]
    if any(later < earlier for earlier, later in pairwise(ends)):
        raise ValueError("Every wave goes further than the one before")
    ends.append(total)
    starts = [0, *ends]
    spans = enumerate(zip(starts, ends, strict=False), 1)
    return [(number, end - start) for number, (start, end) in spans if end > start]


def deal(candidates: Iterable[Candidate], waves: Sequence[int], seed: str) -> dict[str, int]:
    """The wave of every serial, from 1. The same for the same candidates and seed.

    Whoever is online comes first, for a canary that is not there tells nothing; then every network in
    turn, so that the first failures are not all in one place.
    """
    order = [one.serial for one in _in_turn(candidates, seed)]
    if sum(waves) != len(order):
        raise ValueError("The waves must hold exactly the candidates")
    numbers = [number for number, size in enumerate(waves, 1) for _ in range(size)]
    return dict(zip(order, numbers, strict=True))


def _end(total: int, share: Share) -> int:
    return share.amount if share.unit == "count" else ceil(total * share.amount / 100)


def _in_turn(candidates: Iterable[Candidate], seed: str) -> list[Candidate]:
    mixed = sorted(candidates, key=lambda one: (not one.online, _dice(seed, one.serial)))
    found: list[Candidate] = []
    for online in (True, False):
        places: dict[int, list[Candidate]] = defaultdict(list)
        for one in mixed:
            if one.online is online:
                places[one.network].append(one)
        found += [one for turn in zip_longest(*places.values()) for one in turn if one]
    return found


def _dice(seed: str, serial: str) -> bytes:
    return sha256(f"{seed}:{serial}".encode()).digest()
