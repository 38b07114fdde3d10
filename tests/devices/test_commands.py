"""Commands: delivered once, and ended when nobody answers."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone as clock

from devices.commands import deliver, deliver_all, give_up
from devices.models import Command
from devices.models.command import LIMITS, CommandKind
from outpost.store.contract import PendingCommand
from tests.devices.door import Door
from tests.world import COUNTER, World

pytestmark = pytest.mark.django_db


ANSWER = LIMITS[CommandKind.BLINK].answer


@pytest.fixture
def command(world: World) -> Command:
    return Command.ask(world.ada, world.counter, CommandKind.BLINK)


def taken(door: Door) -> list[PendingCommand]:
    return list(door.store.take_commands(COUNTER, 10, time.time()))


def test_delivered_as_ucentral_says_it(command: Command, door: Door) -> None:
    assert deliver([command.pk]) == 1
    (pending,) = taken(door)
    assert (pending.id, pending.method) == (command.pk, "leds")
    assert pending.params == {"pattern": "blink", "duration": 30}
    assert pending.timeout == ANSWER.total_seconds()


def test_delivered_again_after_a_crash_it_is_not_done_twice(command: Command, door: Door) -> None:
    deliver([command.pk])
    assert len(taken(door)) == 1
    deliver([command.pk])
    assert taken(door) == []


def test_what_ended_or_expired_is_not_delivered(command: Command, door: Door) -> None:
    Command.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert deliver([command.pk]) == 0
    Command.objects.update(expires_at=clock.now() + timedelta(seconds=60), state="done")
    assert sum(deliver_all()) == 0


def test_a_rebuilt_live_store_gets_what_still_waits(command: Command, door: Door) -> None:
    assert sum(deliver_all()) == 1
    assert len(taken(door)) == 1


def after(command: Command, wait: timedelta) -> Command:
    give_up(clock.now() + wait)
    command.refresh_from_db()
    return command


def test_never_fetched(command: Command) -> None:
    assert after(command, timedelta(minutes=10)).state == "queued"
    ended = after(command, timedelta(minutes=12))
    assert (ended.state, ended.ended_at) == ("expired", command.expires_at)


def test_sent_and_never_answered(command: Command) -> None:
    Command.objects.update(state="sent", sent_at=clock.now())
    assert after(command, ANSWER).state == "sent"
    assert after(command, 3 * ANSWER).text == "The access point did not answer."


def test_a_deleted_command_is_nobodys(command: Command) -> None:
    command.delete()
    assert deliver([1]) == 0
