"""Recorded traffic: taken once, kept for a week, gone with its access point."""

import io
from datetime import timedelta
from random import Random

import pytest
from django.utils import timezone as clock

from devices import recordings, storage
from devices.models import Command, Task
from devices.models.command import CommandKind
from devices.recordings import UploadRefused
from devices.simulation.capture import capture
from jobs.commands import remove_files
from tests.world import World

pytestmark = pytest.mark.django_db
CAPTURE = b"\xd4\xc3\xb2\xa1" + bytes(40)


@pytest.fixture
def command(world: World) -> Command:
    return Command.ask(world.ada, world.counter, CommandKind.TRACE, {"duration": 60, "network": "up"})


def stored(key: str) -> bytes:
    with storage.read(key) as file:
        return file.read()


def token(command: Command) -> str:
    return recordings.upload_address(command).rstrip("/").rpartition("/")[2]


def keep(command: Command, content: bytes = CAPTURE) -> None:
    recordings.keep(command, io.BytesIO(content), len(content))
    command.refresh_from_db()


def refusal(command: Command, later: timedelta = timedelta()) -> int:
    with pytest.raises(UploadRefused) as refused:
        recordings.expected(token(command), clock.now() + later)
    return refused.value.status


def test_kept_it_can_be_read_again(command: Command) -> None:
    assert recordings.expected(token(command), clock.now()) == command
    assert not recordings.is_here(command)
    keep(command)
    assert recordings.is_here(command)
    assert stored(command.upload) == CAPTURE


def test_a_second_one_is_refused(command: Command) -> None:
    keep(command)
    assert refusal(command) == 409
    with pytest.raises(UploadRefused, match="already here"):
        keep(command, CAPTURE + b"other")
    assert stored(command.upload) == CAPTURE


def test_the_address_expires(command: Command) -> None:
    assert refusal(command, timedelta(hours=2)) == 410


def test_nobody_waits_for_what_was_cancelled_or_given_up(command: Command, world: World) -> None:
    command.cancel(world.ada)
    assert refusal(command) == 410
    address = token(command)
    command.delete()
    with pytest.raises(UploadRefused, match="Nobody waits"):
        recordings.expected(address, clock.now())


@pytest.mark.parametrize("forged", ["", "x", "1:2:3", "W10:abc:def"])
def test_a_forged_address_is_refused(command: Command, forged: str) -> None:
    for guess in (forged, token(command)[:-1] + "!"):
        with pytest.raises(UploadRefused, match="not made by us"):
            recordings.expected(guess, clock.now())


def test_another_commands_address_is_no_good(world: World) -> None:
    blink = Command.ask(world.ada, world.counter, CommandKind.BLINK)
    assert refusal(blink) == 410


def test_what_cannot_be_written_may_come_again(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(key: str, content: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr("devices.storage.write", full)
        with pytest.raises(OSError, match="no space"):
            keep(command)
    keep(command)
    assert recordings.is_here(command)


def test_killed_while_it_was_written_it_may_come_again(command: Command) -> None:
    Command.objects.filter(pk=command.pk).update(upload=f"traces/{command.pk}.pcap")
    storage.write(f"traces/{command.pk}.pcap", CAPTURE[:20])
    command = recordings.expected(token(command), clock.now())
    keep(command)
    assert stored(command.upload) == CAPTURE
    assert recordings.is_here(command)


def test_given_up_while_it_was_written_nothing_of_it_stays(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = storage.write
    gone = lambda key, content: (write(key, content), Command.objects.all().delete())  # noqa: E731
    monkeypatch.setattr("devices.storage.write", gone)
    with pytest.raises(UploadRefused, match="Nobody waits"):
        keep(command)
    with pytest.raises(FileNotFoundError):
        stored(f"traces/{command.pk}.pcap")


def test_what_is_no_recording_is_not_kept(command: Command) -> None:
    with pytest.raises(UploadRefused, match="no recording"):
        keep(command, b"<html>")
    with pytest.raises(UploadRefused, match="64 MB"):
        recordings.keep(command, io.BytesIO(CAPTURE), recordings.LARGEST + 1)
    keep(command, capture(1_800_000_000.0, Random(1)))


def test_kept_for_a_week(command: Command) -> None:
    keep(command)
    key = command.upload
    assert recordings.remove_old(clock.now() + timedelta(days=6)) == 0
    assert recordings.remove_old(clock.now() + timedelta(days=8)) == 1
    command.refresh_from_db()
    assert not recordings.is_here(command)
    with pytest.raises(FileNotFoundError):
        stored(key)


@pytest.mark.parametrize("end", ["release", "remove"])
def test_gone_with_its_access_point(command: Command, world: World, end: str) -> None:
    keep(command)
    {"release": world.counter.release, "remove": world.harbour.remove}[end](world.ada)
    task = Task.claim(Task.objects.get(kind="remove_files").pk, clock.now())
    assert task is not None
    remove_files(task)
    with pytest.raises(FileNotFoundError):
        stored(command.upload)
