"""The verbs of an image: begin, finish, withdraw, offer again, edit, discard."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import IO
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organisation, User
from accounts.refusal import Refusal
from devices import storage
from devices.firmware import hardware, minisign, words
from devices.models import Task
from devices.models.firmware import Channel, FirmwareImage, ImageState

MEGABYTE = 1024 * 1024
MAX_SIZE = 512 * MEGABYTE
UPLOAD_SECONDS = 12 * 3600  # how long the addresses of an upload's parts work
ABANDONED = timedelta(days=1)
REFUSED_KEPT = timedelta(days=30)
PREFIX = "firmware"
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Details:
    """What the uploader says of an image. Empty ``version`` and ``compatibles``: the image says it itself.

    ``sha256`` in lower-case hex, to be compared with the file's; empty where nobody published it.
    """

    version: str = ""
    compatibles: Sequence[str] = ()
    channel: Channel = Channel.STABLE
    minimum_version: str = ""
    notes: str = ""
    signature: str = ""
    sha256: str = ""


def begin(
    user: User, organisation: Organisation, file_name: str, size: int, details: Details
) -> tuple[FirmwareImage, storage.Upload]:
    """Where to send the parts of a file of ``size`` bytes. Raises ``Refusal``."""
    image = _announced(user, organisation, file_name, size, details)
    # The storage first: it may be slow, and a row of the organisation's, not yet committed, would lock it.
    upload = storage.begin_upload(image.key, size, UPLOAD_SECONDS)
    image.upload = upload.id
    image.save(force_insert=True)
    return image, upload


def finish(user: User, image: FirmwareImage) -> None:
    """All parts were sent: have the file checked. Finished already, nothing happens. Raises ``Refusal``."""
    if image.state != ImageState.UPLOADING:
        return
    if not image.upload:
        raise Refusal(_("This upload was given up. Begin again."))
    try:
        storage.finish_upload(image.key, image.upload, image.size)
    except storage.UploadLost:
        raise Refusal(_("This upload was given up. Begin again.")) from None
    except storage.UploadIncomplete:
        raise Refusal(_("The file has not arrived completely. Begin again.")) from None
    _arrived(user, image)


def keep(
    user: User | None,
    organisation: Organisation | None,
    file_name: str,
    file: IO[bytes],
    size: int,
    details: Details,
) -> FirmwareImage:
    """Take a file that is here already: from a form, or from whoever runs this Aerie. Raises ``Refusal``."""
    image = _announced(user, organisation, file_name, size, details)
    image.save(force_insert=True)
    storage.write(image.key, file)
    _arrived(user, image)
    return image


def checksum(told: str) -> str:
    """A SHA-256 as it was published, alone or in sha256sum's line; empty for none. Raises ``Refusal``."""
    first = (told.lower().split() or [""])[0]
    if first and not _SHA256.fullmatch(first):
        raise Refusal(words.no_checksum())
    return first


def _announced(
    user: User | None, organisation: Organisation | None, file_name: str, size: int, details: Details
) -> FirmwareImage:
    """Not saved yet. Raises ``Refusal``."""
    if size <= 0:
        raise Refusal(words.empty())
    if size > MAX_SIZE:
        raise Refusal(words.too_large(MAX_SIZE // MEGABYTE))
    if details.signature:
        _check_form(details.signature)
    told = asdict(details) | {"compatibles": hardware.names(details.compatibles)}
    return FirmwareImage(
        organisation=organisation,
        uploaded_by=user,
        file_name=_plain(file_name),
        size=size,
        key=f"{PREFIX}/{uuid4().hex}",
        **told,
    )


def _plain(file_name: str) -> str:
    """Its last part, as it can stand in an address and in a header."""
    last = file_name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[-200:].strip() or "image"


def _check_form(signature: str) -> None:
    """What can be said of a signature before the file is there."""
    try:
        named = minisign.Signature.parse(signature)
        named.key_among(minisign.parse_keys(settings.FIRMWARE_PUBLIC_KEYS))
    except minisign.BadSignature as refused:
        raise Refusal(words.bad_signature(refused)) from None


def _arrived(user: User | None, image: FirmwareImage) -> None:
    with transaction.atomic():
        uploading = FirmwareImage.objects.filter(pk=image.pk, state=ImageState.UPLOADING)
        if not uploading.update(state=ImageState.CHECKING):
            return
        Task.promise("firmware", f"firmware:{image.pk}", {"image": image.pk})
        _note(user, image, "firmware.upload", file=image.file_name, subject=image.file_name)
    image.refresh_from_db()


def withdraw(user: User | None, image: FirmwareImage) -> None:
    """Never offered again, nor installed by a rollout that has not begun; the file stays for the record.

    The same file may be uploaded anew, as with a version that was entered wrongly.
    """
    with transaction.atomic():
        ready = FirmwareImage.objects.filter(pk=image.pk, state=ImageState.READY, withdrawn_at=None)
        if ready.update(withdrawn_at=clock.now(), fingerprint=None):
            _note(user, image, "firmware.withdraw")
    image.refresh_from_db()


def offer_again(user: User | None, image: FirmwareImage) -> None:
    """Take the withdrawal back. Raises ``Refusal`` when the same file was uploaded meanwhile."""
    withdrawn = FirmwareImage.objects.filter(pk=image.pk, state=ImageState.READY, withdrawn_at__isnull=False)
    try:
        with transaction.atomic():
            if withdrawn.update(
                withdrawn_at=None, fingerprint=fingerprint(image.organisation_id, image.sha256)
            ):
                _note(user, image, "firmware.offer_again")
    except IntegrityError:
        raise Refusal(words.duplicate("")) from None
    image.refresh_from_db()


def fingerprint(organisation: int | None, sha256: str) -> str:
    """Unique among what is offered: one file once for an organisation, once for everybody."""
    return f"{organisation or 'all'}:{sha256}"


def edit(user: User | None, image: FirmwareImage, channel: Channel, minimum_version: str, notes: str) -> None:
    """What people say of it may change; what it is may not."""
    new = {"channel": channel, "minimum_version": minimum_version.strip(), "notes": notes.strip()}
    if all(getattr(image, name) == value for name, value in new.items()):
        return
    with transaction.atomic():
        FirmwareImage.objects.filter(pk=image.pk).update(**new)
        _note(user, image, "firmware.edit", channel=str(channel))
    image.refresh_from_db()


def discard(user: User | None, image: FirmwareImage) -> None:
    """Give up an upload, or clear away a refused file. Raises ``Refusal`` for any other."""
    if image.state not in (ImageState.UPLOADING, ImageState.REFUSED):
        raise Refusal(_("An image that is being checked, or is ready, stays. It can be withdrawn."))
    # The file first: a row without a file is cleared again, a file without a row is found by nobody.
    if image.upload:
        storage.abort_upload(image.key, image.upload)
    storage.remove(image.key)
    with transaction.atomic():
        gone, _rows = FirmwareImage.objects.filter(pk=image.pk, state=image.state).delete()
        if gone and user:
            _note(user, image, "firmware.discard", subject=image.file_name)


def clear(now: datetime) -> int:
    """Uploads nobody finished, and refused files everybody has had time to read about. Returns how many."""
    abandoned = FirmwareImage.objects.filter(state=ImageState.UPLOADING, created_at__lt=now - ABANDONED)
    refused = FirmwareImage.objects.filter(state=ImageState.REFUSED, created_at__lt=now - REFUSED_KEPT)
    old = [*abandoned, *refused]
    for image in old:
        discard(None, image)
    # Those whose row was never told of them: the process died in between.
    return len(old) + storage.abort_uploads(PREFIX, now - ABANDONED)


def _note(
    user: User | None, image: FirmwareImage, verb: str, subject: object | None = None, **detail: str
) -> None:
    """Images for everybody are of no organisation, so of no audit log: only who runs Aerie touches them."""
    if image.organisation is not None:
        AuditEntry.record(image.organisation, user, verb, subject or image, **detail)
