"""Model fields of our own: identities made before the insert, exact words, and columns sealed at rest."""

import json
import secrets
import time
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.keyring import keyring

RANDOM_BITS = 22


def time_ordered_id() -> int:
    """A 63-bit identity: milliseconds, then 22 random bits.

    Known before the insert, so that a sealed column can be bound to its row;
    ordered by time, so that InnoDB appends rather than splits pages.
    """
    return (time.time_ns() // 1_000_000) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)


class TimeOrderedIdField(models.BigIntegerField):
    """Primary key filled by ``time_ordered_id``."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.update(primary_key=True, default=time_ordered_id, editable=False)
        super().__init__(**kwargs)


class ExactCharField(models.CharField):
    """A word compared byte by byte: to MySQL's usual collations ``ä`` and ``a`` are one letter."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters


class Sealed(str):
    """A column's value as the database holds it: encrypted, not yet opened."""

    __slots__ = ()


class SealedTextField(models.TextField):
    """Text encrypted at rest, bound to ``table:pk:column``; plain in Python, never searchable.

    It is opened on first use, so that lists do not decrypt what they do not
    show. The model's primary key must exist before the insert
    (``TimeOrderedIdField``). Reading raises ``accounts.keyring.BrokenSecret``
    when no key opens the value; ``update()`` and ``bulk_update()`` with a plain
    value raise ``TypeError`` rather than write it in the clear.
    """

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Opening(self))

    def context(self, pk: object) -> str:
        return f"{self.model._meta.db_table}:{pk}:{self.column}"

    def from_db_value(self, value: str | None, *_: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, instance: models.Model, add: bool) -> Sealed:
        value = instance.__dict__.get(self.attname)
        return value if isinstance(value, Sealed) else self.seal(instance.pk, value)

    def get_prep_value(self, value: Any) -> str | None:
        if value is None or isinstance(value, Sealed):
            return None if value is None else str(value)
        raise TypeError(f"{self.name} is sealed: assign it and save() the row")

    def seal(self, pk: object, plain: Any) -> Sealed:
        text = self.to_text(plain)
        return Sealed(keyring().seal(text, self.context(pk)) if text else "")

    def open(self, pk: object, sealed: Sealed) -> Any:
        return self.from_text(keyring().open(sealed, self.context(pk)) if sealed else "")

    def to_text(self, plain: Any) -> str:
        return str(plain or "")

    def from_text(self, text: str) -> Any:
        return text


class SealedJSONField(SealedTextField):
    """As ``SealedTextField`` for a JSON value; None when empty."""

    def to_text(self, plain: Any) -> str:
        return "" if plain is None else json.dumps(plain, separators=(",", ":"), ensure_ascii=False)

    def from_text(self, text: str) -> Any:
        return json.loads(text) if text else None


class _Opening:
    """The attribute of a sealed column: opens it once, on first use."""

    def __init__(self, field: SealedTextField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        values = instance.__dict__
        name = self.field.attname
        if name not in values:
            instance.refresh_from_db(fields=[name])
        if isinstance(values[name], Sealed):
            values[name] = self.field.open(instance.pk, values[name])
        return values[name]

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class ExactField(models.CharField):
    """Text compared character by character: MySQL's usual collations hold ``Guest`` and ``guest`` for one.

    Its exact one still holds ``a`` and ``a `` for one: whoever writes here strips the spaces at the end.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters
