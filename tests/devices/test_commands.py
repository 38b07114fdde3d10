"""Commands: delivered once, and ended when nobody answers."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone as clock

from devices.commands import _pending, deliver, deliver_all, give_up, withdraw
from devices.live_store import live_store
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


def asked(world: World, kind: CommandKind, **params: object) -> Command:
    return Command.ask(world.ada, world.counter, kind, params)


@pytest.mark.parametrize(
    ("kind", "params", "order"),
    [
        (CommandKind.REBOOT, {}, ("reboot", {})),
        (CommandKind.FACTORY, {}, ("factory", {"keep_redirector": 1})),
        (CommandKind.WIFISCAN, {}, ("wifiscan", {"verbose": False})),
    ],
)
def test_every_kind_in_ucentrals_words(
    world: World, door: Door, kind: CommandKind, params: dict[str, object], order: tuple[str, object]
) -> None:
    command = asked(world, kind, **params)
    deliver([command.pk])
    (pending,) = taken(door)
    assert (pending.method, pending.params) == order
    assert pending.timeout == LIMITS[kind].answer.total_seconds()


def test_a_client_is_kicked_by_its_address(world: World, door: Door) -> None:
    deliver([asked(world, CommandKind.KICK, mac="02:00:00:00:00:01").pk])
    (pending,) = taken(door)
    (action,) = pending.params["actions"]
    assert pending.method == "rrm"
    assert (action["action"], action["addr"]) == ("kick", "02:00:00:00:00:01")


def test_a_recording_says_how_long_where_and_where_to(world: World, door: Door) -> None:
    deliver([asked(world, CommandKind.TRACE, duration=30, network="up").pk])
    (pending,) = taken(door)
    assert pending.method == "trace"
    assert (pending.params["duration"], pending.params["network"]) == (30, "up")
    assert "/uploads/" in pending.params["uri"]


def test_asked_twice_while_it_waits_it_is_one(world: World) -> None:
    assert asked(world, CommandKind.REBOOT) == asked(world, CommandKind.REBOOT)
    assert asked(world, CommandKind.BLINK) != asked(world, CommandKind.REBOOT)
    assert asked(world, CommandKind.KICK, mac="a") != asked(world, CommandKind.KICK, mac="b")
    Command.objects.update(state="sent")
    asked(world, CommandKind.REBOOT)
    assert Command.objects.filter(kind="reboot").count() == 2


def test_cancelled_while_it_waits_it_never_leaves(world: World, door: Door) -> None:
    command = asked(world, CommandKind.REBOOT)
    deliver([command.pk])
    assert command.cancel(world.bo)
    assert (command.state, command.ended) == ("cancelled", True)
    assert withdraw([command.pk]) == 1
    assert taken(door) == []
    assert deliver([command.pk]) == 0


def test_cancelled_before_its_delivery_arrives_late(world: World, door: Door) -> None:
    """A worker had read it as waiting, then slept: the live store refuses it."""
    command = asked(world, CommandKind.REBOOT)
    late = _pending(command)
    command.cancel(world.ada)
    withdraw([command.pk])
    live_store().put_commands([late])
    assert taken(door) == []


@pytest.mark.parametrize("state", ["sent", "done", "failed", "expired", "cancelled"])
def test_what_left_or_ended_cannot_be_cancelled(world: World, state: str) -> None:
    command = asked(world, CommandKind.REBOOT)
    Command.objects.update(state=state)
    assert not command.cancel(world.ada)
    command.refresh_from_db()
    assert command.state == state


def test_a_command_is_taken_back_only_while_cancelled(world: World, door: Door) -> None:
    command = asked(world, CommandKind.REBOOT)
    deliver([command.pk])
    assert withdraw([command.pk]) == 0
    assert len(taken(door)) == 1


def test_upgrades_are_none_of_ours(world: World, door: Door) -> None:
    """Whether a store that was lost had passed one on, nobody knows: rollouts deliver them, once."""
    upgrade, blink = asked(world, CommandKind.UPGRADE), asked(world, CommandKind.BLINK)
    assert deliver([upgrade.pk]) == 0
    assert sum(deliver_all()) == 1
    assert [one.id for one in taken(door)] == [blink.pk]


@pytest.mark.parametrize("kind", [kind for kind in CommandKind if kind != CommandKind.KICK])
def test_given_up_at_its_own_limit(world: World, kind: CommandKind) -> None:
    command, grace = asked(world, kind), timedelta(seconds=60)
    Command.objects.update(state="sent", sent_at=clock.now())
    assert after(command, LIMITS[kind].answer + grace / 2).state == "sent"
    assert after(command, LIMITS[kind].answer + grace * 1.1).state == "expired"
