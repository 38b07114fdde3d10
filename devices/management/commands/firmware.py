"""Firmware that everybody on this Aerie is offered."""

from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from accounts.refusal import Refusal
from devices.firmware import inspecting, uploading
from devices.firmware.uploading import Details
from devices.models import FirmwareImage
from devices.models.firmware import Channel, ImageState

REFUSED, NOT_FOUND = 1, 2


class Command(BaseCommand):
    help = (
        "Firmware images for every organisation: add one, list them, withdraw one. Exit codes: 0 done; "
        f"{REFUSED} the file was refused, and why is said in words; {NOT_FOUND} no such file or image."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="add|list|withdraw")
        add = verbs.add_parser("add", help="upload a file, check it, offer it to everybody")
        add.add_argument("file", type=Path)
        add.add_argument("--channel", choices=Channel.values, default=Channel.STABLE.value)
        add.add_argument("--version", default="", help="when the image does not say, or says only its base's")
        add.add_argument(
            "--compatible", action="append", default=[], help="hardware it is for; may be given several times"
        )
        add.add_argument("--minimum-version", default="", help="what must run before it can be installed")
        add.add_argument("--notes", type=Path, help="a text file with its release notes")
        add.add_argument("--sha256", default="", help="its checksum; a file that has another is refused")
        add.add_argument("--signature", type=Path, help="minisign's signature of the file")
        verbs.add_parser("list", help="every image that is offered to everybody, the newest first")
        withdraw = verbs.add_parser("withdraw", help="offer it no longer")
        withdraw.add_argument("id", type=int)

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        {"add": self._add, "list": self._list, "withdraw": self._withdraw}[verb](options)

    def _add(self, options: dict[str, Any]) -> None:
        try:
            details = Details(
                version=options["version"],
                compatibles=tuple(options["compatible"]),
                channel=Channel(options["channel"]),
                minimum_version=options["minimum_version"],
                notes=_text(options["notes"]),
                signature=_text(options["signature"]),
                sha256=uploading.checksum(options["sha256"]),
            )
            with options["file"].open("rb") as file:
                image = self._upload(options["file"], file, details)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}", returncode=NOT_FOUND) from None
        except Refusal as refusal:
            raise CommandError(refusal.words, returncode=REFUSED) from None
        if image.state == ImageState.REFUSED:
            uploading.discard(None, image)
            raise CommandError(image.refusal, returncode=REFUSED)
        self.stdout.write(self.style.SUCCESS(f"{image.pk}: {_line(image)}"))

    def _upload(self, path: Path, file: IO[bytes], details: Details) -> FirmwareImage:
        size = path.stat().st_size
        shown = _Told(file, size, self.stderr if self.stderr.isatty() else None)
        image = uploading.keep(None, None, path.name, shown, size, details)  # type: ignore[arg-type]
        # Now, so that its fate is known here; should this be killed, the promised task comes to the same end.
        inspecting.check(image.pk, lambda: None)
        image.refresh_from_db()
        return image

    def _list(self, _options: dict[str, Any]) -> None:
        for image in FirmwareImage.objects.filter(organisation=None):
            self.stdout.write(f"{image.pk}: {_line(image)}")

    def _withdraw(self, options: dict[str, Any]) -> None:
        image = FirmwareImage.objects.filter(
            organisation=None, pk=options["id"], state=ImageState.READY
        ).first()
        if image is None:
            raise CommandError(f"No image for everybody is numbered {options['id']}", returncode=NOT_FOUND)
        uploading.withdraw(None, image)
        self.stdout.write(self.style.SUCCESS(f"{image} is not offered any more"))


class _Told:
    """A file that shows on a terminal how much of it was read."""

    def __init__(self, file: IO[bytes], size: int, terminal: Any) -> None:
        self._file, self._size, self._terminal, self._shown = file, size, terminal, -1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, count: int = -1) -> bytes:
        chunk = self._file.read(count)
        done = 100 * self._file.tell() // max(self._size, 1)
        if self._terminal and done != self._shown:
            self._shown = done
            bar = "█" * (done * 3 // 10) + "░" * (30 - done * 3 // 10)
            self._terminal.write(f"\r{bar} {done} %", ending="\n" if done == 100 else "")
        return chunk


def _text(path: Path | None) -> str:
    return path.read_text(errors="replace") if path else ""


def _line(image: FirmwareImage) -> str:
    state = "withdrawn" if image.withdrawn_at else image.state
    signed = f"signed by {image.signed_by}" if image.signed_by else "unsigned"
    words = [image.version or image.file_name, image.channel, state, signed, " ".join(image.compatibles)]
    return "  ".join(words)
