"""The live store lost, whole or in part: MySQL makes it again, and nothing is sent twice."""

from io import StringIO
from typing import Any

import pytest
import redis
from django.core.management import CommandError, call_command

from devices.live_store import live_store
from devices.models import Command
from devices.models.command import CommandKind
from devices.rebuilding import rebuild
from tests.devices.door import Door
from tests.world import COUNTER, LOBBY, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lost(world: World, door: Door, settings: Any) -> dict[str, int]:
    """What Counter and Lobby were to run before the live store lost everything."""
    door.connect(COUNTER)
    door.connect(LOBBY)
    list(rebuild())
    numbers = {serial: door.uuid(serial) or 0 for serial in (COUNTER, LOBBY)}
    with redis.Redis.from_url(settings.LIVE_STORE_URL) as server:
        server.flushdb()
    return numbers


def test_the_same_content_under_the_same_numbers(lost: dict[str, int], door: Door) -> None:
    assert sum(rebuild()) == 4
    assert {serial: door.uuid(serial) for serial in lost} == lost
    assert door.names(LOBBY) == ["Halde"]


def test_again_writes_nothing(lost: dict[str, int]) -> None:
    list(rebuild())
    assert sum(rebuild()) == 0


def test_waiting_commands_are_queued_again(lost: dict[str, int], world: World, door: Door) -> None:
    Command.ask(world.ada, world.counter, CommandKind.REBOOT)
    list(rebuild())
    assert [one.method for one in door.store.take_commands(COUNTER, 10, 0.0)] == ["reboot"]


def test_the_command_says_what_it_did_and_marks_it(lost: dict[str, int]) -> None:
    out = StringIO()
    call_command("rebuild_live_store", stdout=out)
    assert out.getvalue() == "Written: 4 configurations, 0 commands.\n"
    assert live_store().rebuild_due() == ""


def test_the_command_without_a_live_store(world: World, settings: Any) -> None:
    settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(CommandError, match="does not answer"):
        call_command("rebuild_live_store")


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_somebody_who_watches_sees_a_bar(world: World) -> None:
    terminal = Terminal()
    call_command("rebuild_live_store", stdout=StringIO(), stderr=terminal)
    assert "3 of 3 networks" in terminal.getvalue()
