"""Rotating the field encryption keys: everything sealed comes under the keyring's first key.

Runs beside a working console: each value is swapped by compare-and-set, so that
one changed meanwhile is never overwritten with its past. It can be killed and
started again at any moment; what is done already is passed over.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from django.apps import apps
from django.db import models

from accounts.keyring import BrokenSecret, keyring
from accounts.rotation import SecondFactors
from devices.models.fields import Sealed, SealedTextField

BATCH = 500


class Place(Protocol):
    """Somewhere sealed values are kept."""

    name: str

    def outdated(self, after: int) -> Iterator[int]: ...

    def check(self, pk: int) -> None: ...

    def reseal(self, pk: int) -> bool: ...


class SealedColumn:
    """One sealed column of one model."""

    def __init__(self, model: type[models.Model], column: SealedTextField) -> None:
        self.rows = model._base_manager.all()
        self.field = column
        self.name = f"{model._meta.db_table}.{column.column}"

    def outdated(self, after: int) -> Iterator[int]:
        """Ids above ``after`` of the rows that an older key sealed, in order."""
        column = self.field.attname
        current = {f"{column}__startswith": Sealed(f"{keyring().current}:")}
        old = self.rows.exclude(**{column: Sealed("")}).exclude(**current).order_by("pk")
        while batch := list(old.filter(pk__gt=after).values_list("pk", flat=True)[:BATCH]):
            yield from batch
            after = batch[-1]

    def check(self, pk: int) -> None:
        """Raises ``BrokenSecret``, naming the row, when no key opens it."""
        if (sealed := self._stored(pk)) is not None:
            keyring().open(sealed, self.field.context(pk))

    def reseal(self, pk: int) -> bool:
        """Whether there was still something to do. Raises ``BrokenSecret``, naming the row."""
        while sealed := self._stored(pk):
            if keyring().is_current(sealed):
                return False
            context = self.field.context(pk)
            fresh = Sealed(keyring().seal(keyring().open(sealed, context), context))
            present = self.rows.filter(pk=pk, **{self.field.attname: sealed})
            if present.update(**{self.field.attname: fresh}):
                return True
        return False

    def _stored(self, pk: int) -> Sealed | None:
        return self.rows.filter(pk=pk).values_list(self.field.attname, flat=True).first()


def places() -> list[Place]:
    """Every column of every model that is sealed, and the second factors."""
    columns = [
        SealedColumn(model, column)
        for model in apps.get_models()
        for column in model._meta.local_fields
        if isinstance(column, SealedTextField)
    ]
    return [*columns, SecondFactors()]


@dataclass
class Outcome:
    """Of one place: how many rows were (or, in a dry run, would be) sealed again, and which cannot be."""

    done: int = 0
    broken: list[str] = field(default_factory=list)


def rotate(place: Place, *, dry_run: bool, tell: Callable[[int], None]) -> Outcome:
    """Seal everything in ``place`` again. ``tell`` hears after each row how many were looked at.

    A value that no key opens is noted and left as it is; the rest goes on.
    """
    outcome = Outcome()
    for looked_at, pk in enumerate(place.outdated(after=0), start=1):
        try:
            if dry_run:
                place.check(pk)
                outcome.done += 1
            else:
                outcome.done += place.reseal(pk)
        except BrokenSecret as broken:
            outcome.broken.append(str(broken))
        tell(looked_at)
    return outcome
