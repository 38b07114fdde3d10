"""What one access point should run, and what it says it runs."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, F, Value, When
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from devices.models.network import Network

# An access point applies a configuration in under a second; after this we call it waiting again.
APPLYING_FOR = timedelta(seconds=120)


class ConfigurationState(models.TextChoices):
    """The configuration axis of an access point (UX: text, shape and colour)."""

    UP_TO_DATE = "up-to-date", _("Up to date")
    WAITING = "waiting", _("Change waiting")
    APPLYING = "applying", _("Applying")
    REJECTED = "rejected", _("Rejected")


class Configuration(models.Model):
    """Desired and reported side by side, in columns that different hands write.

    The console writes ``wanted_revision``; publishing writes ``published_revision``,
    ``uuid``, ``hash``; ingest writes what the access point answered. ``uuid`` is
    uCentral's: a number below 2**31, of which an access point runs the highest
    it ever stored.
    """

    access_point = models.OneToOneField(
        "devices.AccessPoint", on_delete=models.CASCADE, primary_key=True, related_name="configuration"
    )
    wanted_revision = models.PositiveIntegerField(default=0)
    # desired: what publishing made of it
    published_revision = models.PositiveIntegerField(default=0)
    uuid = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    left_out = models.JSONField(default=list, help_text="What this hardware cannot do, in words")
    unpublishable = models.TextField(blank=True, help_text="Why nothing can be sent, in words")
    # reported: what the access point said
    reported_uuid = models.BigIntegerField(default=0)
    reported_at = models.DateTimeField(null=True)
    sent_uuid = models.BigIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    applied_uuid = models.BigIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)
    refused_uuid = models.BigIntegerField(default=0)
    refused_at = models.DateTimeField(null=True)
    rejected = models.JSONField(default=list, help_text="The access point's own words")

    def __str__(self) -> str:
        return f"{self.access_point_id}: {self.uuid}"

    @staticmethod
    def want(network: "Network") -> int:
        """Every access point of the network should run its present revision. Returns how many."""
        rows = Configuration.objects.filter(access_point__network=network)
        return rows.update(wanted_revision=network.revision_number)

    @staticmethod
    def state_expression(now: datetime, prefix: str = "") -> Case:
        """``state`` as SQL, for counting and filtering; a test holds the two together.

        ``prefix`` leads here from the model that is asked, as ``configuration__`` does from an access point.
        """

        def when(state: ConfigurationState, **conditions: Any) -> When:
            return When(
                **{prefix + name: value for name, value in conditions.items()}, then=Value(state.value)
            )

        uuid = F(f"{prefix}uuid")
        return Case(
            when(ConfigurationState.REJECTED, unpublishable__gt=""),
            when(ConfigurationState.WAITING, published_revision__lt=F(f"{prefix}wanted_revision")),
            when(ConfigurationState.WAITING, uuid=0),
            when(ConfigurationState.UP_TO_DATE, applied_uuid=uuid, reported_uuid=uuid),
            when(ConfigurationState.REJECTED, refused_uuid=uuid),
            when(ConfigurationState.APPLYING, sent_uuid=uuid, sent_at__gt=now - APPLYING_FOR),
            default=Value(ConfigurationState.WAITING.value),
            output_field=models.CharField(),
        )

    def state(self, now: datetime) -> ConfigurationState:
        """Where this access point stands between wanted and applied."""
        if self.unpublishable:
            return ConfigurationState.REJECTED
        if self.published_revision < self.wanted_revision or not self.uuid:
            return ConfigurationState.WAITING
        if self.applied_uuid == self.reported_uuid == self.uuid:
            return ConfigurationState.UP_TO_DATE
        if self.refused_uuid == self.uuid:
            return ConfigurationState.REJECTED
        if self.sent_uuid == self.uuid and self.sent_at and now - self.sent_at < APPLYING_FOR:
            return ConfigurationState.APPLYING
        return ConfigurationState.WAITING
