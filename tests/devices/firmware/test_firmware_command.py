"""`manage.py firmware`, for those who run Aerie."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from devices import storage
from devices.models import FirmwareImage
from tests import images
from tests.world import World


def firmware(*arguments: object) -> str:
    out = io.StringIO()
    call_command("firmware", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def file(db: None, tmp_path: Path) -> Path:
    path = tmp_path / "eap101.bin"
    path.write_bytes(images.image())
    return path


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_added_is_offered_to_everybody(world: World, file: Path) -> None:
    assert "TIP-v4.2.0  candidate  ready  unsigned" in firmware("add", file, "--channel", "candidate")
    (image,) = FirmwareImage.objects.of(world.hotel).offered()
    assert image.organisation is None
    assert b"".join(storage.chunks(image.key)) == file.read_bytes()
    assert f"{image.pk}: TIP-v4.2.0" in firmware("list")


def test_what_the_image_does_not_say_is_given(file: Path, settings: Any) -> None:
    settings.FIRMWARE_PUBLIC_KEYS = [images.Signer().public_key]
    file.write_bytes(images.sysupgrade())
    signature, notes = file.with_suffix(".minisig"), file.with_suffix(".txt")
    signature.write_text(images.Signer().sign(file.read_bytes()))
    notes.write_text("Better roaming")
    named = ["--version", "5.0", "--compatible", "a,b", "--compatible", "c_d", "--minimum-version", "4.0"]
    firmware("add", file, *named, "--signature", signature, "--notes", notes)
    image = FirmwareImage.objects.get()
    assert (image.version, image.compatibles, image.notes) == ("5.0", ["a_b", "c_d"], "Better roaming")
    assert (image.minimum_version, image.signed_by) == ("4.0", "0807060504030201")


def test_a_refused_file_leaves_nothing_and_says_why(file: Path) -> None:
    file.write_bytes(b"%PDF-1.7")
    with pytest.raises(CommandError, match="not a firmware image but a PDF") as failed:
        firmware("add", file)
    assert failed.value.returncode == 1
    assert not FirmwareImage.objects.exists()


def test_an_empty_file_is_refused(file: Path) -> None:
    file.write_bytes(b"")
    with pytest.raises(CommandError, match="empty"):
        firmware("add", file)


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(CommandError, match="No such file") as failed:
        firmware("add", file.with_name("other.bin"))
    assert failed.value.returncode == 2


def test_withdrawn_it_is_offered_no_longer(world: World, file: Path) -> None:
    firmware("add", file)
    image = FirmwareImage.objects.get()
    assert "not offered any more" in firmware("withdraw", image.pk)
    assert not FirmwareImage.objects.of(world.cafe).offered().exists()
    assert "withdrawn" in firmware("list")


def test_there_is_nothing_to_withdraw(db: None) -> None:
    with pytest.raises(CommandError, match="numbered 7") as failed:
        firmware("withdraw", 7)
    assert failed.value.returncode == 2


def test_a_terminal_shows_a_bar(file: Path) -> None:
    terminal = Terminal()
    call_command("firmware", "add", str(file), stdout=io.StringIO(), stderr=terminal)
    assert "100 %" in terminal.getvalue()
