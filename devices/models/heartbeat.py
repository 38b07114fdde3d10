"""One row that is written every few seconds: how old it is on the read replica is how far that one lags."""

from django.db import models


class Heartbeat(models.Model):
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.at:%F %T}"
