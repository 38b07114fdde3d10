"""Which backups to keep: pure. The newest of each of the last days, weeks and months that have one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Retention:
    """How many days, ISO weeks and months, by UTC, are kept. What is kept for one may serve the others."""

    daily: int = 7
    weekly: int = 5
    monthly: int = 12


def kept(times: Iterable[datetime], retention: Retention) -> set[datetime]:
    """Of these, in UTC, what is kept: always the newest, whatever the numbers say."""
    newest_first = sorted(set(times), reverse=True)
    return {
        *newest_first[:1],
        *_newest_of_each(newest_first, retention.daily, lambda at: at.date()),
        *_newest_of_each(newest_first, retention.weekly, lambda at: at.isocalendar()[:2]),
        *_newest_of_each(newest_first, retention.monthly, lambda at: (at.year, at.month)),
    }


def _newest_of_each(
    newest_first: list[datetime], count: int, period: Callable[[datetime], object]
) -> list[datetime]:
    """Periods without a backup do not count: a month of failures must not use up what is left."""
    found: dict[object, datetime] = {}
    for at in newest_first:
        found.setdefault(period(at), at)
    return list(found.values())[:count]
