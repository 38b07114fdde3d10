"""A file that arrived: read once from end to end, then ready to be offered, or refused in words.

Killed at any line, it is begun anew and comes to the same end: nothing is written before the file was read,
then one row leaves CHECKING in one statement, and a refused file is removed again by whoever looks again.
"""

import hashlib
import mmap
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.refusal import Refusal
from devices import storage
from devices.firmware import kinds, minisign, words
from devices.firmware.kinds import Kind, Tar
from devices.firmware.trailer import Damaged, Metadata, Tail
from devices.firmware.uploading import fingerprint
from devices.models.firmware import FirmwareImage, ImageState
from devices.rollouts.versions import is_older

HOLD_EVERY = 4 * 1024 * 1024  # bytes read between two signs of life

Hold = Callable[[], object]


def check(image_id: int, hold: Hold) -> None:
    """Decide an image's fate; ``hold`` is called while reading. Nothing to do where that is done already."""
    image = FirmwareImage.objects.filter(pk=image_id).first()
    if image is None:
        return
    if image.state == ImageState.CHECKING:
        try:
            _accept(image, _examine(image, hold))
        except Refusal as refusal:
            _refuse(image, refusal)
    if image.state == ImageState.REFUSED:
        storage.remove(image.key)


def give_up(image_id: int) -> None:
    """Refuse what could not be checked, however often it was tried; ``check`` then removes the file."""
    waiting = FirmwareImage.objects.filter(pk=image_id, state=ImageState.CHECKING)
    waiting.update(state=ImageState.REFUSED, refusal=words.unchecked())


def _accept(image: FirmwareImage, known: dict[str, Any]) -> None:
    _check_new(image, known["sha256"])
    try:
        with transaction.atomic():
            _checking(image).update(
                state=ImageState.READY,
                fingerprint=fingerprint(image.organisation_id, known["sha256"]),
                **known,
            )
    except IntegrityError:
        raise Refusal(words.duplicate("")) from None
    image.refresh_from_db()


def _refuse(image: FirmwareImage, refusal: Refusal) -> None:
    _checking(image).update(state=ImageState.REFUSED, refusal=refusal.words)
    image.refresh_from_db()


def _checking(image: FirmwareImage) -> Any:
    return FirmwareImage.objects.filter(pk=image.pk, state=ImageState.CHECKING)


def _check_new(image: FirmwareImage, sha256: str) -> None:
    """Among all its organisation is offered, those for everybody included."""
    seen = Q(organisation=image.organisation_id) | Q(organisation=None)
    same = FirmwareImage.objects.offered().filter(seen, sha256=sha256).exclude(pk=image.pk).first()
    if same is not None:
        raise Refusal(words.duplicate(same.version))


def _examine(image: FirmwareImage, hold: Hold) -> dict[str, Any]:
    """What is to be kept of a good file. Raises ``Refusal``."""
    signature = _signature(image)
    with Reading(keep_all=signature is not None and not signature.prehashed) as reading:
        try:
            reading.follow(storage.chunks(image.key), hold)
        except FileNotFoundError:
            raise Refusal(words.missing()) from None
        metadata = judge(reading.findings(), image.size)
        if image.sha256 not in ("", reading.sha256.hexdigest()):
            raise Refusal(words.other_file(image.sha256))
        signed_by = _prove(signature, reading) if signature else ""
    return _described(image, metadata) | {
        "size": reading.size,
        "sha256": reading.sha256.hexdigest(),
        "signed_by": signed_by,
    }


@dataclass(frozen=True)
class Findings:
    """What reading a file brought to light. ``head`` is its beginning, ``tar_ended`` for a tar alone."""

    size: int
    head: bytes
    tar_ended: bool
    metadata: Metadata | None
    damaged: bool


def judge(found: Findings, announced: int) -> Metadata | None:
    """What a good file says of itself, if anything. Raises ``Refusal``. Pure."""
    if not found.size:
        raise Refusal(words.empty())
    if found.size != announced:
        raise Refusal(words.truncated(announced, found.size))
    kind = kinds.kind_of(found.head)
    if kind in kinds.WRONG and found.metadata is None:
        raise Refusal(words.wrong_type(kind))
    if (least := kinds.announced(kind, found.head)) > found.size:
        raise Refusal(words.truncated(least, found.size))
    if kind == Kind.TAR and not found.tar_ended:
        raise Refusal(words.cut_archive())
    if found.damaged:
        raise Refusal(words.damaged())
    return found.metadata


def _described(image: FirmwareImage, metadata: Metadata | None) -> dict[str, Any]:
    """What was entered counts; the image's own words fill the gaps, and must not contradict."""
    meant = list(metadata.compatibles) if metadata else []
    entered = list(image.compatibles)
    if meant and not set(entered) <= set(meant):
        raise Refusal(words.wrong_model([one for one in entered if one not in meant], meant))
    version = image.version or (metadata.version if metadata else "")
    if not (entered or meant):
        raise Refusal(words.no_hardware())
    if not version:
        raise Refusal(words.no_version())
    if image.minimum_version and is_older(version, image.minimum_version):
        raise Refusal(words.above_itself(version, image.minimum_version))
    return {"version": version, "compatibles": entered or meant}


class Reading:
    """One pass over a file: its size, digests, beginning and end; memory does not grow with it.

    ``keep_all`` copies it to a temporary file, for the older form of signatures, which need it as a whole.
    """

    def __init__(self, *, keep_all: bool = False) -> None:
        self.size = 0
        self.sha256 = hashlib.sha256()
        self.blake2b = hashlib.blake2b()
        self.copy = tempfile.TemporaryFile() if keep_all else None  # noqa: SIM115 - closed in __exit__
        self._head = b""
        self._tar = Tar()
        self._tail = Tail()

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_error: object) -> None:
        if self.copy:
            self.copy.close()

    def follow(self, chunks: Iterable[bytes], hold: Hold) -> None:
        held = 0
        for chunk in chunks:
            self._take(chunk)
            if self.size - held >= HOLD_EVERY:
                held = self.size
                hold()
        hold()

    def _take(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.sha256.update(chunk)
        self.blake2b.update(chunk)
        self._head += chunk[: kinds.HEAD - len(self._head)]
        self._tar.feed(chunk)
        self._tail.feed(chunk)
        if self.copy:
            self.copy.write(chunk)

    def findings(self) -> Findings:
        try:
            metadata, damaged = self._tail.metadata(), False
        except Damaged:
            metadata, damaged = None, True
        return Findings(self.size, self._head, self._tar.ended, metadata, damaged)


def _signature(image: FirmwareImage) -> minisign.Signature | None:
    try:
        return minisign.Signature.parse(image.signature) if image.signature else None
    except minisign.BadSignature as refused:
        raise Refusal(words.bad_signature(refused)) from None


def _prove(signature: minisign.Signature, reading: Reading) -> str:
    """The id of the trusted key that proves the file right. Raises ``Refusal``."""
    keys = minisign.parse_keys(settings.FIRMWARE_PUBLIC_KEYS)
    try:
        if reading.copy is None:
            return signature.verify(reading.blake2b.digest(), keys).name
        reading.copy.flush()
        with mmap.mmap(reading.copy.fileno(), 0, access=mmap.ACCESS_READ) as whole, memoryview(whole) as view:
            return signature.verify(view, keys).name
    except minisign.BadSignature as refused:
        raise Refusal(words.bad_signature(refused)) from None
