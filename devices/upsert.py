"""Many rows, many columns, one statement: on MySQL, MariaDB and SQLite alike."""

from collections.abc import Sequence
from typing import Any

from django.db import connection


def upsert(model: type[Any], rows: Sequence[Any], columns: Sequence[str], key: str) -> None:
    """Write these columns of rows that exist and are locked, known by ``key``; no statement without rows.

    An insert that always meets its row: a row deleted meanwhile would come back, hence the lock.
    """
    targeted = connection.features.supports_update_conflicts_with_target  # SQLite wants it, MySQL refuses it
    model.objects.bulk_create(
        rows, update_conflicts=True, update_fields=columns, unique_fields=[key] if targeted else None
    )
