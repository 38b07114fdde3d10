"""Many rows, many columns, one statement: on MySQL, MariaDB and SQLite alike."""

from collections.abc import Sequence
from typing import Any

from django.db import connection


def upsert(model: type[Any], rows: Sequence[Any], columns: Sequence[str], *key: str) -> None:
    """Write these columns of rows known by the unique ``key``; no statement without rows.

    Those that are not there are made: hold a lock, or one that was just deleted comes back.
    """
    targeted = connection.features.supports_update_conflicts_with_target  # SQLite wants it, MySQL refuses it
    model.objects.bulk_create(
        rows, update_conflicts=True, update_fields=columns, unique_fields=key if targeted else None
    )
