"""A word an organisation puts on access points, to speak of many at once: "lobby", "roof", "phase 2"."""

from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_TAG = 40


class Tag(models.Model):
    """``name`` is lower case: "Lobby" and "lobby" are one."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(_("tag"), max_length=MAX_TAG)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="tag_once")]

    def __str__(self) -> str:
        return self.name
