"""What a network wanted, once: immutable, numbered, with its author and its masked diff."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings
from django.db import models

from devices.models.fields import SealedJSONField, TimeOrderedIdField
from devices.rendering.diff import Change
from devices.rendering.intent import NetworkIntent

if TYPE_CHECKING:
    from accounts.models import User
    from devices.models.network import Network


class Revision(models.Model):
    """``intent`` is sealed, for it holds passphrases; ``diff`` is plain, for it holds none."""

    id = TimeOrderedIdField()
    network = models.ForeignKey("devices.Network", on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    intent = SealedJSONField()
    diff = models.JSONField(default=list)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["network", "number"], name="revision_numbered_once")]

    def __str__(self) -> str:
        return f"{self.network} #{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A revision never changes; revise the network instead")
        super().save(*args, **kwargs)

    @classmethod
    def write(
        cls, network: "Network", author: "User | None", intent: NetworkIntent, diff: Sequence[Change]
    ) -> "Revision":
        return cls.objects.create(
            network=network,
            number=network.revision_number,
            author=author,
            intent=msgspec.to_builtins(intent),
            diff=msgspec.to_builtins(list(diff)),
        )

    def wanted(self) -> NetworkIntent:
        """The whole wish, secrets included."""
        return msgspec.convert(self.intent, NetworkIntent)

    def changes(self) -> list[Change]:
        return msgspec.convert(self.diff, list[Change])
