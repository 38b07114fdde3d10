"""Tasks that raise, hang, kill their worker or are huge: the next one in the queue is done all the same."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone as clock

from devices.models import Event, Task
from devices.models.task import JITTER, LEASE, MAX_ATTEMPTS, MAX_BACKOFF, MAX_PAYLOAD
from jobs import dispatch
from tests.jobs import probes
from tests.jobs.test_scheduler import wait_until
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
Work = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known here too: who promises a task says in which queue it waits and how long it may last."""
    for name, kind in probes.kinds().items():
        monkeypatch.setitem(dispatch.KINDS, name, kind)


@pytest.fixture
def work(process_environment: dict[str, str]) -> Iterator[Work]:
    """Starts one more worker of the queue ``default`` that knows the probes' kinds."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.jobs.probes", "worker", "default"]
        started.append(subprocess.Popen(command, env=process_environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def effect(world: World, key: str = "good") -> Task:
    return Task.promise("effect", key, {"access_point": world.counter.pk})


def effects() -> list[int]:
    return [event.data["task"] for event in Event.objects.filter(kind="probe")]


@pytest.mark.parametrize("kind", ["raise", "hang"])
def test_the_one_behind_it_is_done(world: World, work: Work, kind: str) -> None:
    """One that runs out of its time is ended; either is kept, with what became of it."""
    bad, good = Task.promise(kind, "bad", {}), effect(world)
    process = work()
    wait_until(lambda: effects() == [good.pk])
    wait_until(lambda: Task.objects.filter(pk=bad.pk, lease_until=None, attempts__gte=1).exists())
    bad.refresh_from_db()
    assert bad.last_error.startswith({"raise": "RuntimeError", "hang": "JobTimeoutException"}[kind])
    assert process.poll() is None


def test_one_that_kills_its_worker_leaves_the_rest_to_the_next(world: World, work: Work) -> None:
    bad, good = Task.promise("kill", "bad", {}), effect(world)
    assert work().wait(90) == -9
    work()
    wait_until(lambda: effects() == [good.pk])
    bad.refresh_from_db()
    assert (bad.attempts, bad.dead) == (1, False)


def test_a_huge_one_is_done_and_a_larger_one_refused(world: World, work: Work) -> None:
    payload = {"access_point": world.counter.pk, "serials": "x" * (MAX_PAYLOAD - 100)}
    huge = Task.promise("effect", "huge", payload)
    work()
    wait_until(lambda: effects() == [huge.pk])
    with pytest.raises(ValueError, match="ids, not data"):
        Task.promise("effect", "too large", {"serials": "x" * MAX_PAYLOAD})


def test_told_to_end_a_worker_finishes_what_it_does(world: World, work: Work) -> None:
    nap = Task.promise("nap", "nap", {"access_point": world.counter.pk})
    process = work()
    wait_until(lambda: not Task.objects.filter(pk=nap.pk, lease_until=None).exists())
    process.terminate()
    assert process.wait(90) == 0
    assert effects() == [nap.pk]
    assert not Task.objects.filter(pk=nap.pk).exists()


def test_one_that_kills_every_worker_is_given_up(world: World) -> None:
    """Its attempts are counted when it is claimed; nobody lives to count them later."""
    task, now = effect(world), clock.now()
    claims = 0
    while not Task.objects.get(pk=task.pk).dead:
        claims += Task.claim(task.pk, now) is not None
        now += LEASE + 2 * MAX_BACKOFF
        Task.bury(now)
        now += 2 * MAX_BACKOFF
    assert claims == MAX_ATTEMPTS
    assert "Its worker ended" in Task.objects.get(pk=task.pk).last_error


def test_its_first_death_counts_as_bad_luck_and_the_second_is_put_off(world: World) -> None:
    task, now = effect(world), clock.now()
    Task.claim(task.pk, now)
    now += LEASE + timedelta(seconds=1)
    assert Task.bury(now) == 0
    assert Task.claim(task.pk, now)
    now += LEASE + timedelta(seconds=1)
    assert Task.bury(now) == 1
    assert Task.claim(task.pk, now) is None


def test_failures_are_put_off_for_longer_and_longer_but_not_in_step(world: World) -> None:
    now, delays = clock.now(), []
    for number in range(8):
        task = Task.claim(effect(world, f"try {number}").pk, clock.now())
        assert task is not None
        task.attempts = 6
        task.failed("no luck", now)
        delays.append(Task.objects.get(pk=task.pk).run_after - now)
    assert len(set(delays)) > 1
    assert timedelta(seconds=32 * (1 - JITTER)) <= min(delays)
    assert max(delays) <= timedelta(seconds=32 * (1 + JITTER))


def test_many_that_wait_do_not_hide_a_lost_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "BATCH", 2)
    Task.objects.all().delete()
    tasks = [effect(world, f"one of many {number}") for number in range(6)]
    queue = dispatch.prompt_queue("default")
    queue.remove(f"task-{tasks[-1].pk}")
    assert queue.count == 5
    assert dispatch.dispatch() == 1
    assert queue.count == 6


def test_a_kind_of_a_newer_release_stops_nobody(world: World) -> None:
    Task.objects.all().delete()
    Task.promise("of tomorrow", "tomorrow", {})
    effect(world)
    dispatch.prompt_queue("default").empty()
    assert dispatch.dispatch() == 2
