"""Tasks: performed at once when woken, found by dispatch when the word was lost or the worker died."""

from datetime import timedelta
from threading import Event
from typing import Any

import django_rq
import msgspec
import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone as clock
from structlog.testing import capture_logs

from devices.claiming import claim
from devices.models import AccessPoint, Configuration, Network, Task
from devices.models.task import LEASE, MAX_ATTEMPTS
from jobs import dispatch as dispatching
from jobs import queues
from jobs.dispatch import NEWER_CODE_AT_MOST, Kind, dispatch, perform
from jobs.worker import Worker
from tests.devices.door import Door
from tests.devices.together import together
from tests.jobs.test_scheduler import wait_until
from tests.world import COUNTER, WINDOW, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def quiet(world: World) -> World:
    """Whatever making the world promised is done and forgotten."""
    Task.objects.all().delete()
    django_rq.get_queue("critical").empty()
    return world


def work(queue: str = "critical") -> None:
    """A worker process's share, until the queue is empty."""
    Worker([django_rq.get_queue(queue)], connection=django_rq.get_connection(queue)).work(burst=True)


def waiting() -> list[str]:
    return list(django_rq.get_queue("critical").get_job_ids())


def test_a_commit_wakes_a_worker(quiet: World, door: Door) -> None:
    door.connect(COUNTER)
    task = quiet.harbour.publish_soon()
    assert waiting() == [f"task-{task.pk}"]
    work()
    assert door.uuid(COUNTER)
    assert not Task.objects.exists()


def test_a_rollback_wakes_nobody(quiet: World) -> None:
    with transaction.atomic():
        quiet.harbour.publish_soon()
        transaction.set_rollback(True)
    assert waiting() == []


def test_dispatch_finds_a_lost_word(quiet: World, door: Door) -> None:
    door.connect(COUNTER)
    quiet.harbour.publish_soon()
    django_rq.get_queue("critical").empty()
    assert dispatch() == 1
    work()
    assert door.uuid(COUNTER)


def test_dispatch_leaves_alone_what_waits(quiet: World) -> None:
    quiet.harbour.publish_soon()
    assert dispatch() == 0
    assert len(waiting()) == 1


def test_redis_away_does_not_fail_the_save(quiet: World, settings: Any) -> None:
    settings.RQ_QUEUES = {"critical": settings.RQ_QUEUES["critical"] | {"HOST": "127.0.0.1", "PORT": 1}}
    queues._prompt_connection.cache_clear()
    with capture_logs() as logs:
        task = quiet.harbour.publish_soon()
    queues._prompt_connection.cache_clear()
    assert Task.objects.get() == task
    assert logs[0]["event"] == "task not enqueued, dispatch will find it"


def test_a_worker_killed_in_the_middle(quiet: World, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    door.connect(COUNTER)
    task = quiet.harbour.publish_soon()
    monkeypatch.setitem(dispatching.KINDS, "publish", Kind(_die, "critical"))
    with pytest.raises(KeyboardInterrupt):
        perform(task.pk)
    monkeypatch.undo()
    assert dispatch() == 0
    with time_machine.travel(clock.now() + LEASE + timedelta(seconds=1), tick=False):
        django_rq.get_queue("critical").empty()
        assert dispatch() == 1
        perform(task.pk)
    assert door.uuid(COUNTER)


def _die(task: Task) -> None:
    raise KeyboardInterrupt


def test_a_failure_is_tried_again_later_and_says_where_not_what(
    quiet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(task: Task) -> None:
        raise ValueError("passphrase espresso doppio")

    monkeypatch.setitem(dispatching.KINDS, "publish", Kind(fail, "critical"))
    task = quiet.harbour.publish_soon()
    with capture_logs() as logs:
        perform(task.pk)
    task.refresh_from_db()
    assert task.last_error.startswith("ValueError at test_dispatch.py:")
    assert "espresso" not in str(logs) + task.last_error
    assert (task.lease_until, task.run_after > clock.now()) == (None, True)


def test_the_live_store_away_is_no_failure(quiet: World, settings: Any) -> None:
    settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"
    task = quiet.harbour.publish_soon()
    perform(task.pk)
    task.refresh_from_db()
    assert (task.attempts, task.dead) == (0, False)
    assert task.run_after < clock.now() + 2 * dispatching.AWAY


def test_promised_again_while_it_runs(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []

    def publish(task: Task) -> None:
        runs.append(task.promises)
        if len(runs) == 1:
            quiet.harbour.publish_soon()

    monkeypatch.setitem(dispatching.KINDS, "publish", Kind(publish, "critical"))
    perform(quiet.harbour.publish_soon().pk)
    assert runs == [1, 2]
    assert not Task.objects.exists()


def test_a_long_task_keeps_its_lease(quiet: World) -> None:
    task = Task.claim(quiet.harbour.publish_soon().pk, clock.now())
    assert task is not None
    task.hold(clock.now() + LEASE)
    assert Task.due(clock.now() + LEASE + timedelta(seconds=1)) == []


def test_a_taken_over_task_stops(quiet: World, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    task = quiet.harbour.publish_soon()
    monkeypatch.setattr(Task, "hold", lambda self, now: _take_over(self))
    with capture_logs() as logs:
        perform(task.pk)
    assert [line["event"] for line in logs] == ["task taken over by another worker"]
    assert Task.objects.filter(pk=task.pk).exists()


def _take_over(task: Task) -> None:
    raise dispatching.LeaseLost


def test_an_unknown_kind_waits_for_newer_code_and_never_dies_of_older(quiet: World) -> None:
    task = Task.promise("teleport", "teleport:1", {})
    for minute in range(MAX_ATTEMPTS + 1):
        with time_machine.travel(clock.now() + timedelta(minutes=minute + 1), tick=False):
            perform(task.pk)
    task.refresh_from_db()
    assert task.last_error.startswith("UnknownKind")
    assert (task.attempts, task.dead) == (0, False)


def test_a_kind_that_no_release_of_a_week_knew_is_kept_for_somebody_to_see(quiet: World) -> None:
    task = Task.promise("teleport", "teleport:1", {})
    with time_machine.travel(clock.now() + NEWER_CODE_AT_MOST + timedelta(minutes=1), tick=False):
        perform(task.pk)
    task.refresh_from_db()
    assert task.dead


def test_two_publishers_of_one_network_agree(quiet: World, door: Door) -> None:
    """Saves and publishers race; the last save is what the live store holds, under the number MySQL knows."""
    for serial in (COUNTER, WINDOW):
        door.connect(serial)
    perform(quiet.harbour.publish_soon().pk)

    def race(first: int) -> None:
        for number in range(first, first + 5):
            _rename(quiet, f"Lento {number}")
            perform(quiet.harbour.publish_soon().pk)

    together(lambda: race(100), lambda: race(200))
    perform(quiet.harbour.publish_soon().pk)
    _agree(quiet, door)


def test_a_claim_waits_for_a_save_instead_of_deadlocking_with_it(quiet: World) -> None:
    """It takes the network before it inserts; the other way round each would hold what the other wants."""
    claimed = []

    def save() -> None:
        with transaction.atomic():
            quiet.harbour.locked()
            started.set()
            wait_until(_somebody_waits_for_a_lock, every=0.2)
            list(AccessPoint.objects.select_for_update())  # MySQL scans all where a network has most of them

    def claim_one() -> None:
        started.wait(60)
        claimed.extend(claim(quiet.ada, quiet.harbour, "aa0000000001"))

    started = Event()
    together(save, claim_one)
    assert [answer.good for answer in claimed] == [True]


def _somebody_waits_for_a_lock() -> bool:
    """Asked more often than every 0.1 s, InnoDB would give its last answer again."""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from information_schema.innodb_trx where trx_state = 'LOCK WAIT'")
        return bool(cursor.fetchone()[0])


def _rename(world: World, name: str) -> None:
    network = Network.objects.get(pk=world.harbour.pk)
    wanted = network.intent()
    first, *others = sorted(wanted.ssids, key=lambda ssid: ssid.name)
    network.revise(
        None, msgspec.structs.replace(wanted, ssids=(msgspec.structs.replace(first, name=name), *others))
    )


def _agree(world: World, door: Door) -> None:
    wanted = sorted(world.harbour.ssids.values_list("name", flat=True))
    for serial in (COUNTER, WINDOW):
        row = Configuration.objects.get(access_point__serial=serial)
        assert (door.uuid(serial), door.names(serial)) == (row.uuid, wanted)
        assert row.published_revision == row.wanted_revision
