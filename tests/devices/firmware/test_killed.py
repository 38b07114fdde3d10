"""A check that is killed at any line at all, and begun again by the next worker, comes to the same end."""

import io
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from django.db import connection

from devices import storage
from devices.firmware import inspecting, uploading
from devices.firmware.uploading import Details
from devices.models import FirmwareImage
from tests import images
from tests.interrupting import apart
from tests.world import World


class Killed(BaseException):
    """What no except clause of ours may catch."""


def killed_at(line: int, work: Callable[[], None]) -> bool:
    """Whether ``work`` was cut short at the so-many-th line of inspecting.py it came to."""
    lines = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        if frame.f_code.co_filename != inspecting.__file__:
            return None
        lines += event == "line"
        if lines == line:
            sys.settrace(None)
            raise Killed
        return trace

    sys.settrace(trace)
    try:
        apart(work)
    except Killed:
        _hang_up()
        return True
    finally:
        sys.settrace(None)
    return False


def _hang_up() -> None:
    """As a dead process does: what it had not committed is gone, whichever blocks it was inside of."""
    connection.in_atomic_block = False
    connection.atomic_blocks.clear()
    connection.savepoint_ids.clear()
    connection.needs_rollback = False
    connection.rollback()
    connection.set_autocommit(True)


def end_of(image: FirmwareImage) -> tuple[str, str, str, bool]:
    image.refresh_from_db()
    return image.state, image.version, image.refusal, storage.default_storage.exists(image.key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("content", "end"),
    [
        (images.image(size=9000), ("ready", "TIP-v4.2.0", "", True)),
        (b"%PDF", ("refused", "", "This is not a firmware image but a PDF document.", False)),
    ],
)
def test_killed_at_any_line_it_ends_the_same(
    world: World, settings: Any, tmp_path: Any, content: bytes, end: tuple[str, str, str, bool]
) -> None:
    backend = "django.core.files.storage.FileSystemStorage"
    kept = {"default": {"BACKEND": backend, "OPTIONS": {"location": str(tmp_path)}}}
    settings.STORAGES = settings.STORAGES | kept
    line, killed = 0, True
    while killed:
        line += 1
        image = uploading.keep(world.bo, world.cafe, "a", io.BytesIO(content), len(content), Details())
        killed = killed_at(line, lambda pk=image.pk: inspecting.check(pk, lambda: None))
        inspecting.check(image.pk, lambda: None)
        assert end_of(image) == end, f"killed at line {line}"
        image.delete()
    assert line > 20
