"""What a request that changed something was answered, so that the same one sent again is told the same.

Written in the transaction of the change: either both are there or neither. Its unique key lets the
second of two that arrive at once wait for the first.
"""

import json
import zlib
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models
from django.utils import timezone as clock

from accounts.keyring import keyring

# Whoever sends a request again does so within moments; a script with a key of its own perhaps hours later.
KEPT = timedelta(days=1)
LARGEST = 1_000_000  # characters sealed; what is larger is not kept, only that it was done


class AskedBefore(Exception):
    """This key was used, and what it stood for is done."""


class Answer(models.Model):
    """``key`` and ``sent`` are keyed digests in hex: of who asked for what where, and of what was sent.

    ``sealed`` is empty where the answer was too large to keep.
    """

    key = models.CharField(max_length=64, unique=True)
    sent = models.CharField(max_length=64)
    sealed = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="answers_by_age")]

    def __str__(self) -> str:
        return self.key

    @classmethod
    def begin(cls, key: str, sent: str, now: datetime | None = None) -> "Answer":
        """Inside the transaction of the change. Waits for another at work under the same key.

        Raises ``AskedBefore``; then the transaction must be rolled back.
        """
        answer = cls(key=key, sent=sent, at=now or clock.now())
        try:
            answer.save(force_insert=True)
        except IntegrityError:
            raise AskedBefore from None
        return answer

    def keep(self, content: dict[str, Any]) -> None:
        """``content`` is plain JSON. Sealed, for a page or a cookie may tell a secret."""
        packed = b64encode(zlib.compress(json.dumps(content).encode(), 1)).decode()
        sealed = keyring().seal(packed, self._context) if len(packed) <= LARGEST else ""
        Answer.objects.filter(pk=self.pk).update(sealed=sealed)

    def lapsed(self, holds: timedelta, now: datetime | None = None) -> bool:
        """Whether it is older than that; then it is forgotten, and the same may be done anew."""
        if (now or clock.now()) - self.at <= holds:
            return False
        self.delete()
        return True

    def content(self) -> dict[str, Any] | None:
        """What was kept; None where it was too large. Raises ``BrokenSecret``."""
        if not self.sealed:
            return None
        found: dict[str, Any] = json.loads(
            zlib.decompress(b64decode(keyring().open(self.sealed, self._context)))
        )
        return found

    @property
    def _context(self) -> str:
        return f"accounts_answer:{self.key}:sealed"
