"""Columns of accounts."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class ExactEmailField(models.EmailField):
    """An e-mail address compared byte by byte.

    MySQL's usual collations hold ``ä`` and ``a`` for one letter, so that
    ``ada@müller.example`` would find the account of ``ada@muller.example``.
    Whoever writes here has put the address into lower case.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters
