"""Sealing again, under the keyring's first key, what an older key sealed: the second factors.

Their secrets sit inside the JSON of django-allauth's rows; sealed columns of
our own models are ``devices.rotation``'s.
"""

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.adapter import mfa_context
from accounts.keyring import BrokenSecret, keyring

# Where allauth.mfa keeps what it passes through the adapter's encrypt().
SINGLE = ("secret", "seed")
MANY = "migrated_codes"
BATCH = 500


class SecondFactors:
    """Authenticator secrets and recovery code seeds, each row a unit."""

    name = "mfa_authenticator.data"

    def outdated(self, after: int) -> Iterator[int]:
        """Ids above ``after`` of the rows that an older key sealed, in order."""
        sealed = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)
        while rows := list(sealed.filter(pk__gt=after).order_by("pk").values_list("pk", "data")[:BATCH]):
            yield from (pk for pk, data in rows if _is_outdated(data))
            after = rows[-1][0]

    def check(self, pk: int) -> None:
        """Raises ``BrokenSecret``, naming the row, when no key opens it."""
        row = Authenticator.objects.filter(pk=pk).first()
        if row is not None:
            self._resealed(row)

    def reseal(self, pk: int) -> bool:
        """Whether there was still something to do. Raises ``BrokenSecret``, naming the row."""
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None or not _is_outdated(row.data):
                return False
            row.data = self._resealed(row)
            row.save(update_fields=["data"])
        return True

    def _resealed(self, row: Authenticator) -> dict[str, Any]:
        context = mfa_context(row.user_id)
        try:
            return _with_values(row.data, lambda value: _reseal(value, context))
        except BrokenSecret:
            raise BrokenSecret(f"No key opens row {row.pk} of {self.name}") from None


def _reseal(sealed: str, context: str) -> str:
    ring = keyring()
    return sealed if ring.is_current(sealed) else ring.seal(ring.open(sealed, context), context)


def _is_outdated(data: dict[str, Any]) -> bool:
    values = [data[key] for key in SINGLE if key in data] + list(data.get(MANY) or [])
    return not all(keyring().is_current(value) for value in values)


def _with_values(data: dict[str, Any], change: Any) -> dict[str, Any]:
    changed = {key: change(data[key]) for key in SINGLE if key in data}
    if data.get(MANY):
        changed[MANY] = [change(value) for value in data[MANY]]
    return data | changed
