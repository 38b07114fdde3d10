"""The one door without a name: access points send recordings there, and anybody may try anything."""

import io
import secrets
import tempfile
from random import Random
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.views import uploads
from devices import recordings, storage
from devices.models import Command
from devices.models.command import CommandKind
from devices.simulation.capture import capture
from tests.world import World

CAPTURE = capture(1_800_000_000.0, Random(1))
WORDS = "text/plain; charset=utf-8"
pytestmark = pytest.mark.django_db


@pytest.fixture
def command(world: World) -> Command:
    return Command.ask(world.ada, world.counter, CommandKind.TRACE, {"duration": 60, "network": "up"})


def stored(key: str) -> bytes:
    with storage.read(key) as file:
        return file.read()


def address(command: Command) -> str:
    return reverse("upload", args=[recordings.upload_address(command).rstrip("/").rpartition("/")[2]])


def send(where: str, content: bytes = CAPTURE, field: str = "data", **more: Any) -> Any:
    form = {"name": "24f5a2000001", field: SimpleUploadedFile("capture", content), **more}
    return Client(enforce_csrf_checks=True).post(where, form)


def test_a_recording_is_taken_in_once(command: Command) -> None:
    assert send(address(command)).status_code == 200
    command.refresh_from_db()
    assert stored(command.upload) == CAPTURE
    assert command.result == {"size": len(CAPTURE)}
    again = send(address(command))
    assert (again.status_code, again["Content-Type"]) == (409, WORDS)
    assert "already here" in again.content.decode()


def test_larger_than_a_form_it_goes_through_the_disk(command: Command, monkeypatch: Any) -> None:
    """Six megabytes: more than any form may weigh, and never in memory as a whole."""
    content = CAPTURE + secrets.token_bytes(6 * 1024 * 1024)
    whole: list[str] = []
    keep = recordings.keep
    spy = lambda command, file, size: (whole.append(file.temporary_file_path()), keep(command, file, size))  # noqa: E731
    monkeypatch.setattr(uploads.recordings, "keep", spy)
    assert send(address(command), content).status_code == 200
    command.refresh_from_db()
    assert stored(command.upload) == content
    assert len(whole) == 1


def test_without_room_on_the_disk_it_is_asked_to_come_again(command: Command, monkeypatch: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/dev/null/nowhere"])
    answer = send(address(command))
    assert (answer.status_code, "no room" in answer.content.decode()) == (503, True)
    monkeypatch.undo()
    assert send(address(command)).status_code == 200


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"content": b""}, "One file is expected"),
        ({"content": b"not a capture"}, "no recording"),
        ({"field": "file"}, "One file is expected"),
        ({"more": SimpleUploadedFile("x", b"x")}, ""),
    ],
)
def test_what_is_not_one_recording_is_refused_in_words(command: Command, form: Any, words: str) -> None:
    answer = send(address(command), **form)
    assert answer.status_code == (400 if words else 200)
    assert words in answer.content.decode()
    command.refresh_from_db()
    assert recordings.is_here(command) is not bool(words)


def test_larger_than_any_recording_is_refused_unread(command: Command) -> None:
    class Never(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("read all the same")

    most = recordings.LARGEST + uploads.OVERHEAD
    headers = {"CONTENT_LENGTH": str(most + 1), "wsgi.input": Never()}
    assert Client().generic("POST", address(command), **headers).status_code == 413
    headers["CONTENT_LENGTH"] = "6000000"
    assert Client().generic("POST", reverse("account_login"), **headers).status_code == 413


def test_cut_off_it_is_refused_and_may_come_again(command: Command) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="data"; filename="x"\r\n\r\n'
        + CAPTURE
        + b"\r\n--b--\r\n"
    )
    kind = {"CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": str(len(body) + 500)}
    cut = Client().generic("POST", address(command), body, **{**kind, "wsgi.input": io.BytesIO(body)})
    assert (cut.status_code, "cut off" in cut.content.decode()) == (400, True)
    assert send(address(command)).status_code == 200


def test_it_is_there_for_posting_alone(command: Command) -> None:
    assert Client().get(address(command)).status_code == 405
    assert send(reverse("upload", args=["no-such-token"])).status_code == 403


PIECES = (
    b"--b\r\n", b"--b--", b"\r\n", b"\r\n\r\n", b"\0", b"\xff\xfe", CAPTURE[:60],
    b'Content-Disposition: form-data; name="data"; filename="x"', b"Content-Disposition: ;;;",
    b"Content-Transfer-Encoding: base64", b"Content-Type: text/plain; charset=nonsense",
)  # fmt: skip
KINDS = ("multipart/form-data; boundary=b", "multipart/form-data", "application/json", "", "é; boundary")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.binary(max_size=400) | st.lists(st.sampled_from(PIECES)).map(b"".join),
    st.sampled_from(KINDS) | st.text(max_size=20),
)
def test_whatever_is_posted_is_answered_in_words(command: Command, body: bytes, kind: str) -> None:
    Command.objects.update(upload="", result=None)
    kind = kind.encode("latin-1", "ignore").decode("latin-1").replace("\r", "").replace("\n", "")
    answer = Client().generic("POST", address(command), body, content_type=kind)
    assert answer.status_code in (200, 400)
    assert answer["Content-Type"] == WORDS


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.text(
        st.characters(exclude_characters="/?#\\", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80
    )
)
def test_whatever_the_address_it_was_not_made_by_us(db: None, token: str) -> None:
    assert send(reverse("upload", args=[token])).status_code in (403, 404)
