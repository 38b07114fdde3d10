"""Letting go of old backups, by the retention that is set."""

from django.conf import settings

from devices.backups import catalogue
from devices.backups.retention import Retention, kept


def retention() -> Retention:
    return Retention(settings.BACKUP_KEEP_DAILY, settings.BACKUP_KEEP_WEEKLY, settings.BACKUP_KEEP_MONTHLY)


def superfluous() -> list[str]:
    """Names of what the retention does not keep, oldest first."""
    names = catalogue.names()
    keep = kept(map(catalogue.begun_at, names), retention())
    return [name for name in names if catalogue.begun_at(name) not in keep]


def prune() -> list[str]:
    """Remove them; returns their names."""
    gone = superfluous()
    for name in gone:
        catalogue.remove(name)
    return gone
