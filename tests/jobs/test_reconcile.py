"""Looking for what should be going on and is not: all of it at once, and one fault hides no other find."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone as clock

from devices.live_store import live_store
from devices.models import Command, Heartbeat, Task
from devices.models.command import CommandKind, CommandState
from jobs import queues
from jobs.models import Occasion
from jobs.schedule import CALENDAR, reconcile_all
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def expired(world: World) -> Command:
    command = Command.ask(world.ada, world.counter, CommandKind.REBOOT)
    Command.objects.update(expires_at=clock.now() - timedelta(hours=1))
    return command


def test_it_finds_a_lost_live_store_what_nobody_fetched_and_new_appointments(world: World) -> None:
    command = expired(world)
    found = reconcile_all()
    command.refresh_from_db()
    assert (found["rebuilds"], found["commands"], command.state) == (1, 1, CommandState.EXPIRED)
    assert Task.objects.filter(key="rebuild").exists()
    assert {row.entry for row in Occasion.objects.all()} == {one.name for one in CALENDAR}
    assert clock.now() - Heartbeat.objects.get().at < timedelta(minutes=2)


def test_an_outage_of_the_live_store_hides_nothing_else(world: World, settings: Any) -> None:
    expired(world)
    settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"
    found = reconcile_all()
    assert (found["rebuilds"], found["commands"]) == ("StoreUnavailable", 1)


def test_the_command_says_what_it_found(world: World) -> None:
    live_store().mark_rebuilt(live_store().rebuild_due())
    Task.objects.all().delete()
    expired(world)
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert "commands     1" in out.getvalue()
    assert "rebuilds     0" in out.getvalue()


def test_the_command_without_redis(world: World, settings: Any) -> None:
    settings.RQ_QUEUES = {name: one | {"PORT": 1} for name, one in settings.RQ_QUEUES.items()}
    queues._prompt_connection.cache_clear()
    with pytest.raises(CommandError, match="the tasks stay in MySQL"):
        call_command("reconcile", stdout=StringIO())
    queues._prompt_connection.cache_clear()
