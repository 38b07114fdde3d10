"""Recorded traffic: where an access point sends it, how it is kept, and when it goes.

The access point is told an address of the console that is signed, for one recording alone, and of
no use once something came or it expired. What it sends is kept in the storage under a key of the
command, for a week.
"""

from datetime import datetime, timedelta
from typing import IO

from django.conf import settings
from django.core import signing
from django.utils.text import slugify
from django.utils.translation import gettext as _

from devices import storage, storage_faults
from devices.models import Command
from devices.models.command import LIMITS, CommandKind, CommandState

LARGEST = 64 * 1024 * 1024  # bytes
KEPT = timedelta(days=7)
LINK_SECONDS = 300
LEAST_SECONDS, MOST_SECONDS = 10, 300  # of a recording
BATCH = 200
_SALT = "devices.recordings"
_LATE = timedelta(minutes=15)  # to upload, after the last moment it may end
# The first four bytes of a capture file: classic in both byte orders, in micro- and nanoseconds, and pcapng.
_MAGIC = {bytes.fromhex(one) for one in ("d4c3b2a1", "a1b2c3d4", "4d3cb2a1", "a1b23c4d", "0a0d0d0a")}


class UploadRefused(Exception):
    """In words, for whoever looks into the access point's log; ``status`` is HTTP's."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def upload_address(command: Command) -> str:
    """Where the access point of this command sends what it recorded, once."""
    until = command.expires_at + LIMITS[CommandKind.TRACE].answer + _LATE
    token = signing.dumps([command.pk, int(until.timestamp())], salt=_SALT)
    return str(settings.UPLOAD_LINK.format(token=token))


def expected(token: str, now: datetime) -> Command:
    """The command whose recording may come in under this token. Raises ``UploadRefused``."""
    try:
        pk, until = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise UploadRefused(403, _("This address was not made by us.")) from None
    if now.timestamp() > until:
        raise UploadRefused(410, _("This address has expired."))
    command = Command.objects.filter(pk=pk, kind=CommandKind.TRACE).select_related("access_point").first()
    if command is None or command.state == CommandState.CANCELLED:
        raise UploadRefused(410, _("Nobody waits for this recording any more."))
    if command.result is not None:
        raise UploadRefused(409, _("This recording is already here."))
    return command


def keep(command: Command, content: IO[bytes], size: int) -> None:
    """Keep what was recorded; the first that is whole is the one. Raises ``UploadRefused``.

    ``upload`` names the file from before it is written, so that whatever was written is found and removed
    again; ``result`` once it is whole. Killed in between, it may come again.
    """
    _check(content, size)
    key = f"traces/{command.pk}.pcap"
    open_still = Command.objects.filter(pk=command.pk, result__isnull=True)
    if not open_still.update(upload=key):
        raise UploadRefused(409, _("This recording is already here."))
    _write(key, content)
    if not open_still.update(result={"size": size}) and not Command.objects.filter(pk=command.pk).exists():
        storage.remove(key)  # its access point was given up meanwhile, and what it recorded with it
        raise UploadRefused(410, _("Nobody waits for this recording any more."))


def _write(key: str, content: IO[bytes]) -> None:
    try:
        storage.write(key, content)
    except Exception as error:
        if not storage_faults.is_away(error):
            raise
        raise UploadRefused(503, storage_faults.away()) from None


def is_here(command: Command) -> bool:
    """Whether it can be downloaded."""
    return bool(command.upload and command.result)


def download(command: Command) -> str:
    """An address that hands it out for a few minutes, under a name that says whose it is and from when."""
    name = slugify(str(command.access_point)) or command.access_point.serial
    return storage.link(command.upload, f"{name}-{command.created_at:%Y%m%d-%H%M%S}.pcap", LINK_SECONDS)


def remove_old(now: datetime) -> int:
    """Remove what was kept for long enough, in batches. Returns how many."""
    removed = 0
    old = Command.objects.filter(created_at__lt=now - KEPT, kind=CommandKind.TRACE).exclude(upload="")
    while batch := list(old.order_by("pk").values_list("pk", "upload")[:BATCH]):
        for _pk, key in batch:
            storage.remove(key)
        removed += Command.objects.filter(pk__in=[pk for pk, _key in batch]).update(upload="")
    return removed


def _check(content: IO[bytes], size: int) -> None:
    if size > LARGEST:
        raise UploadRefused(413, _("A recording is 64 MB at most."))
    if content.read(4) not in _MAGIC:
        raise UploadRefused(400, _("This is no recording of traffic."))
    content.seek(0)
