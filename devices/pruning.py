"""Deletes what is too old, a bounded number of rows at a time: nobody who writes waits for long.

Every batch is a transaction of its own, so whatever ends this leaves the rest for the next time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet

BATCH = 5000


@dataclass(frozen=True)
class Rule:
    """``doomed`` says at a moment which rows of ``model`` may go.

    ``in_order``: they became too old about in the order of their primary keys, so the oldest are the first
    and no index is needed to find them. Otherwise an index must, or the table is small.
    """

    name: str
    model: type[Model]
    doomed: Callable[[datetime], Q]
    in_order: bool = False

    def rows(self, now: datetime) -> "QuerySet[Any]":
        return self.model._default_manager.filter(self.doomed(now)).order_by()


def prune(rule: Rule, now: datetime, batch: int = BATCH) -> Iterator[int]:
    """Delete what the rule says; yields after each statement how many rows it took. Stop it at any time."""
    return _in_order(rule, now, batch) if rule.in_order else _by_index(rule, now, batch)


def _in_order(rule: Rule, now: datetime, batch: int) -> Iterator[int]:
    """Walks from the first row and ends at the first stretch that has nothing old."""
    every, after = rule.model._default_manager.order_by("pk"), None
    while stretch := list(_after(every, after).values_list("pk", flat=True)[:batch]):
        after = stretch[-1]
        deleted = _delete(rule, rule.rows(now).filter(pk__gte=stretch[0], pk__lte=after))
        if not deleted:
            return
        yield deleted


def _after(every: "QuerySet[Any]", pk: Any) -> "QuerySet[Any]":
    return every if pk is None else every.filter(pk__gt=pk)


def _by_index(rule: Rule, now: datetime, batch: int) -> Iterator[int]:
    while pks := list(rule.rows(now).values_list("pk", flat=True)[:batch]):
        yield _delete(rule, rule.rows(now).filter(pk__in=pks))
        if len(pks) < batch:
            return


def _delete(rule: Rule, rows: "QuerySet[Any]") -> int:
    """How many rows of the rule's own went; what hangs below them is not counted."""
    # What others point to is fetched first; their keys suffice, whatever else they are wide with.
    return rows.only("pk").delete()[1].get(rule.model._meta.label, 0)
