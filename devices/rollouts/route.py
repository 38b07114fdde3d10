"""Stepping stones: which image to install now so that the wanted one can be installed later."""

from collections.abc import Iterable
from dataclasses import dataclass

from devices.rollouts.versions import NOTHING, is_older, parse


@dataclass(frozen=True)
class Stone:
    """An image for one kind of hardware. ``needs``: what must run before it can be installed, or empty."""

    id: int
    version: str
    needs: str = ""


def next_step(runs: str, wanted: Stone, offered: Iterable[Stone]) -> Stone | None:
    """The image to install on an access point that runs ``runs``; None when there is no way.

    The longest stride that the present version allows, never newer than the wanted one. It
    cannot miss a way: whatever an older version may install and is newer, a newer one may too.
    """
    if _fits(wanted, runs):
        return wanted
    between = [stone for stone in offered if _is_between(stone, runs, wanted)]
    first = at = _furthest(runs, between)
    while at and not _fits(wanted, at.version):
        at = _furthest(at.version, between)
    return first if at else None


def _furthest(runs: str, stones: list[Stone]) -> Stone | None:
    """The newest that can be installed now and is newer than what runs."""
    ahead = [stone for stone in stones if is_older(runs, stone.version) and _fits(stone, runs)]
    return max(ahead, key=lambda one: (parse(one.version) or NOTHING, one.id), default=None)


def _fits(stone: Stone, runs: str) -> bool:
    """An unknown version is let through only where nothing is needed."""
    return not stone.needs or is_older(runs, stone.needs) is False


def _is_between(stone: Stone, runs: str, wanted: Stone) -> bool:
    return bool(is_older(runs, stone.version)) and bool(is_older(stone.version, wanted.version))
