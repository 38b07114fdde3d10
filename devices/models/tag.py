"""A word an organisation puts on access points, to speak of many at once: "lobby", "roof", "phase 2"."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.fields import ExactCharField

if TYPE_CHECKING:
    from accounts.models import Organisation

MAX_TAG = 40


class Tag(models.Model):
    """``name`` is lower case: "Lobby" and "lobby" are one."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="tags")
    name = ExactCharField(_("tag"), max_length=MAX_TAG)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="tag_once")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def remove_unused(cls, organisation: "Organisation") -> int:
        """Remove those of the organisation that no access point wears any more. Returns how many."""
        return cls.objects.filter(organisation=organisation, access_points=None).delete()[0]
