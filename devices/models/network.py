"""A place: its country, its time zone, its maintenance window, its SSIDs and access points."""

from collections.abc import Sequence
from datetime import time
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from accounts.models import AuditEntry, Organisation
from devices.models.command import forget_uploads
from devices.models.configuration import Configuration
from devices.models.revision import Revision
from devices.models.ssid import Ssid
from devices.models.tag import Tag
from devices.models.task import Task
from devices.rendering.diff import changes
from devices.rendering.intent import NetworkIntent
from devices.rendering.validation import Problem, problems

if TYPE_CHECKING:
    from accounts.models import User


class InvalidIntent(ValueError):
    """The wish breaks a rule; ``problems`` says which, field by field. Nothing was saved."""

    def __init__(self, found: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in found))
        self.problems = list(found)


class StaleRevision(Exception):
    """Someone else changed the network since the form was opened. Nothing was saved."""

    def __init__(self, latest: Revision) -> None:
        super().__init__(f"The network is at revision {latest.number} by now")
        self.latest = latest


class Network(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="networks")
    name = models.CharField(_("name"), max_length=100)
    country = CountryField(_("country"), help_text=_("Sets which channels and how much power are legal."))
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    window_start = models.TimeField(_("maintenance from"), default=time(3))
    window_end = models.TimeField(_("until"), default=time(5))
    revision_number = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def open(cls, user: "User", organisation: Organisation, intent: NetworkIntent) -> "Network":
        """A new network with its first revision. Raises ``InvalidIntent``."""
        with transaction.atomic():
            network = cls.objects.create(organisation=organisation, **_columns(intent))
            network.revise(user, intent)
        return network

    def intent(self) -> NetworkIntent:
        """What is wanted now, secrets included."""
        return NetworkIntent(
            name=self.name,
            country=str(self.country),
            timezone=self.timezone,
            window_start=f"{self.window_start:%H:%M}",
            window_end=f"{self.window_end:%H:%M}",
            ssids=tuple(ssid.intent() for ssid in self.ssids.all()),
        )

    def revise(self, user: "User | None", intent: NetworkIntent, base: int | None = None) -> Revision | None:
        """Make ``intent`` what is wanted: the one way a network changes.

        One transaction writes the rows, the revision, the audit entry, what
        every access point should run, and the task that will publish it.
        Returns None when nothing changed. ``base`` is the revision number the
        caller saw. Raises ``InvalidIntent`` or ``StaleRevision``.
        """
        if found := problems(intent):
            raise InvalidIntent(found)
        with transaction.atomic():
            locked = self.locked()
            if base is not None and locked.revision_number != base:
                raise StaleRevision(locked.latest_revision())
            revision = locked._write(user, intent)
        self.refresh_from_db()
        return revision

    def undo(self, user: "User", number: int, base: int | None = None) -> Revision | None:
        """Go back to what was wanted at revision ``number``: a new revision with the old content."""
        return self.revise(user, self.revisions.get(number=number).wanted(), base)

    def remove(self, user: "User") -> None:
        """Delete the network and release its access points: anyone may claim them from now on."""
        with transaction.atomic():
            self.locked()
            serials = list(self.access_points.values_list("serial", flat=True))
            AuditEntry.record(
                self.organisation, user, "network.remove", self, count=len(serials), serials=serials[:100]
            )
            Task.promise("forget", f"forget:network:{self.pk}", {"serials": serials})
            forget_uploads(self.access_points.all())
            self.delete()
            Tag.remove_unused(self.organisation)

    def locked(self) -> "Network":
        """The row as it is now, held until the transaction ends; raises ``DoesNotExist``.

        Whoever writes a network and access points of it takes the network first: saves,
        claims and publishers that met in another order would end in a deadlock.
        """
        return Network.objects.select_for_update().get(pk=self.pk)

    def latest_revision(self) -> Revision:
        return self.revisions.get(number=self.revision_number)

    def _write(self, user: "User | None", intent: NetworkIntent) -> Revision | None:
        found = changes(self.intent() if self.revision_number else None, intent)
        if not found and self.revision_number:
            return None
        for column, value in _columns(intent).items():
            setattr(self, column, value)
        self.revision_number += 1
        self.save()
        Ssid.replace(self, intent.ssids)
        revision = Revision.write(self, user, intent, found)
        Configuration.want(self)
        AuditEntry.record(
            self.organisation, user, "network.revise", self, network=self.pk, revision=revision.number
        )
        self.publish_soon()
        return revision

    def publish_soon(self) -> Task:
        """Promise that what is wanted reaches the live store; part of the caller's transaction."""
        return Task.promise("publish", f"publish:{self.pk}", {"network": self.pk})


def _columns(intent: NetworkIntent) -> dict[str, Any]:
    return {
        "name": intent.name,
        "country": intent.country,
        "timezone": intent.timezone,
        "window_start": time.fromisoformat(intent.window_start),
        "window_end": time.fromisoformat(intent.window_end),
    }
