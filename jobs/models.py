"""Which occasions of the timetable have come, so that each comes once whoever watches the clock."""

from django.db import models


class Occasion(models.Model):
    """One run of a daily, weekly or monthly entry: written in the transaction that promises its task."""

    entry = models.CharField(max_length=40)
    at = models.DateTimeField(help_text="When it was due")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "at"], name="occasion_once")]
        indexes = [models.Index(fields=["at"], name="occasions_by_age")]

    def __str__(self) -> str:
        return f"{self.entry} {self.at:%F %T}"
