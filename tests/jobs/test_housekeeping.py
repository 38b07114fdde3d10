"""What is too old goes, in small bites; what is not stays, and nobody waits for it."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Invitation, Role
from devices.models import Alert, Command, Event, Revision, Task, Usage
from devices.models.usage import COARSE, FINE
from devices.pruning import BATCH, prune
from devices.usage.rolling import roll_up
from jobs.housekeeping import RULES, prune_all, prune_daily
from jobs.models import Occasion
from tests.world import World

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = {rule.name: rule for rule in RULES}


def happen(world: World, days_ago: float, count: int = 1) -> None:
    """So many lines in the counter's log."""
    first = Event.objects.count()
    rows = [
        Event(access_point=world.counter, fact=f"test-{first + n}", kind="log", at=NOW - days_ago * DAY)
        for n in range(count)
    ]
    Event.objects.bulk_create(rows, batch_size=10_000)


def deleted(name: str) -> int:
    return sum(prune(RULE[name], NOW))


def test_old_events_go_and_young_ones_stay(world: World) -> None:
    for days in (400, 91, 90.5, 89, 1):
        happen(world, days)
    assert deleted("events") == 3
    assert deleted("events") == 0
    assert Event.objects.count() == 2


def test_usage_goes_once_it_was_rolled_up(world: World) -> None:
    def use(seconds: int, ago: timedelta) -> None:
        at = NOW - ago
        Usage.objects.create(access_point=world.counter, network=world.harbour, seconds=seconds, at=at)

    use(FINE, 4 * DAY)
    use(FINE, 2 * DAY)
    assert deleted("usage-fine") == 0
    use(COARSE, 3.5 * DAY)
    use(COARSE, 401 * DAY)
    assert (deleted("usage-fine"), deleted("usage-hourly")) == (1, 1)
    assert sorted(Usage.objects.values_list("seconds", flat=True)) == [FINE, COARSE]


def test_what_the_next_roll_up_makes_anew_keeps_its_five_minutes(world: World) -> None:
    """One that was away for days writes down what is there: a part of an hour for all of it."""
    began = NOW - 3 * DAY - timedelta(hours=1)
    for minutes in range(0, 120, 5):
        Usage.objects.create(
            access_point=world.counter,
            network=world.harbour,
            at=began + timedelta(minutes=minutes),
            downloaded=1,
        )
    roll_up(began + timedelta(minutes=119))
    for later in (timedelta(minutes=-25), timedelta(days=9)):
        sum(prune(RULE["usage-fine"], NOW + later))
        roll_up(NOW + later)
    assert list(Usage.objects.filter(seconds=COARSE).values_list("downloaded", flat=True)) == [12, 12]


def test_what_a_command_brought_is_not_read_to_delete_it(world: World) -> None:
    Command.objects.create(
        access_point=world.counter, kind="wifiscan", expires_at=NOW, ended_at=NOW - 181 * DAY
    )
    with CaptureQueriesContext(connection) as queries:
        assert deleted("commands") == 1
    assert not any("`result`" in query["sql"] for query in queries)


def test_commands_and_alerts_are_kept_while_they_last(world: World) -> None:
    for ended in (None, NOW - DAY, NOW - 181 * DAY):
        Command.objects.create(access_point=world.counter, kind="blink", expires_at=NOW, ended_at=ended)
    for closed in (None, NOW - DAY, NOW - 401 * DAY):
        Alert.objects.create(network=world.harbour, opened_at=NOW - 500 * DAY, closed_at=closed)
    assert (deleted("commands"), deleted("alerts")) == (1, 1)
    assert deleted("commands") == deleted("alerts") == 0


def test_invitations_sessions_and_occasions(world: World) -> None:
    for days in (1, 100):
        made = Invitation.offer(world.cafe, world.ada, f"guest{days}@lento.example", Role.VIEWER)
        Invitation.objects.filter(pk=made.pk).update(expires_at=NOW - days * DAY)
        Session.objects.create(session_key=str(days), expire_date=NOW - (days - 50) * DAY)
        Occasion.objects.create(entry="prune", at=NOW - days * DAY)
    assert [deleted(name) for name in ("invitations", "sessions", "occasions")] == [1, 1, 1]


def test_revisions_and_the_audit_log_are_kept_for_good(world: World) -> None:
    entries, revisions = world.cafe.audit_entries.count(), Revision.objects.count()
    list(prune_all(NOW + 10_000 * DAY))
    assert (world.cafe.audit_entries.count(), Revision.objects.count()) == (entries, revisions)


def test_a_run_ends_when_its_time_is_up_and_the_next_goes_on(world: World) -> None:
    happen(world, 100, 2 * BATCH + 1)
    assert list(prune_all(NOW, seconds=0)) == [("events", BATCH)]
    assert sum(count for _, count in prune_all(NOW)) == BATCH + 1


def test_the_daily_job_deletes_in_the_name_of_its_task(world: World) -> None:
    happen(world, 5000, 3)
    Task.promise("prune", "prune", {})
    task = Task.claim(Task.objects.get(key="prune").pk, datetime.now(UTC))
    assert task
    prune_daily(task)
    assert not Event.objects.exists()


def test_a_dry_run_counts_and_deletes_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    happen(world, 5000, 3)
    call_command("prune", "events", "--dry-run")
    assert "3 would be deleted" in capsys.readouterr().out
    assert Event.objects.count() == 3
    call_command("prune")
    assert "3 deleted" in capsys.readouterr().out
    assert not Event.objects.exists()


def test_a_wrong_name_is_refused_in_words(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("prune", "everything")
    assert "everything" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_two_hundred_thousand_events_go_while_others_write(world: World) -> None:
    """No statement takes more than a batch, and whoever writes waits for one of them at most."""
    happen(world, 100, 200_000)
    waits, over = [], threading.Event()
    writer = threading.Thread(target=_write_on, args=(world, waits, over))
    writer.start()
    with CaptureQueriesContext(connection) as queries:
        batches = list(prune(RULE["events"], NOW))
    over.set()
    writer.join()
    assert sum(batches) == 200_000
    assert max(batches) <= BATCH
    assert len(queries) <= 4 * (200_000 // BATCH + 1)  # look, begin, delete, commit
    assert sum(wait > 2.0 for wait in waits) <= 2, "a machine that stalls now and then aside"


def _write_on(world: World, waits: list[float], over: threading.Event) -> None:
    number = 0
    while not over.is_set():
        began, number = time.monotonic(), number + 1
        Event.objects.create(access_point=world.counter, fact=f"live-{number}", kind="log", at=NOW)
        waits.append(time.monotonic() - began)
    connection.close()
