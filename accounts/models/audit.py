"""Who did what, and when: append-only, one row per verb, secrets already masked."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models.organisation import Organisation
    from accounts.models.user import User


class AuditEntry(models.Model):
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.CASCADE, related_name="audit_entries"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="audit_entries"
    )
    verb = models.CharField(_("action"), max_length=60)
    subject = models.CharField(_("subject"), max_length=200)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "-at"], name="audit_by_time")]

    def __str__(self) -> str:
        return f"{self.actor}: {self.verb} {self.subject}"

    @classmethod
    def record(
        cls, organisation: "Organisation", actor: "User | None", verb: str, subject: object, **detail: Any
    ) -> "AuditEntry":
        """Note a verb inside the transaction that does it. ``detail`` must hold no secret."""
        return cls.objects.create(
            organisation=organisation, actor=actor, verb=verb, subject=str(subject)[:200], detail=detail
        )
