"""Stepping stones: which image to install now so that the wanted one can be installed later."""

from collections.abc import Iterable
from dataclasses import dataclass

from devices.rollouts.versions import is_older, parse


@dataclass(frozen=True)
class Stone:
    """An image for one kind of hardware. ``needs``: what must run before it can be installed, or empty."""

    id: int
    version: str
    needs: str = ""


def next_step(runs: str, wanted: Stone, offered: Iterable[Stone]) -> Stone | None:
    """The image to install on an access point that runs ``runs``; None when there is no way.

    The longest stride that the present version allows: of the stones that can be installed now, the
    newest from which the wanted one can be reached. Never newer than the wanted one.
    """
    if _fits(wanted, runs):
        return wanted
    between = [stone for stone in offered if _is_between(stone, runs, wanted)]
    for stone in sorted(between, key=lambda one: (parse(one.version), one.id), reverse=True):
        if _fits(stone, runs) and _leads(stone, wanted, between):
            return stone
    return None


def _leads(stone: Stone, wanted: Stone, between: list[Stone]) -> bool:
    """Whether the wanted one can be reached from here; every stride goes upwards, so this ends."""
    if _fits(wanted, stone.version):
        return True
    later = [one for one in between if is_older(stone.version, one.version) and _fits(one, stone.version)]
    return any(_leads(one, wanted, between) for one in later)


def _fits(stone: Stone, runs: str) -> bool:
    """An unknown version is let through only where nothing is needed."""
    return not stone.needs or is_older(runs, stone.needs) is False


def _is_between(stone: Stone, runs: str, wanted: Stone) -> bool:
    return bool(is_older(runs, stone.version)) and bool(is_older(stone.version, wanted.version))
