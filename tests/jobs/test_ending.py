"""Workers that are told to end, killed or stuck in the middle of a job: it comes once, and soon."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from django.utils import timezone as clock
from rq import Queue
from rq.serializers import JSONSerializer

from devices.models import Event, Task
from jobs import dispatch
from jobs.ending import HandBack
from jobs.queues import prompt_queue
from jobs.worker import Worker
from tests.jobs import probes
from tests.jobs.test_scheduler import wait_until
from tests.servers import Redis
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in probes.kinds().items():
        monkeypatch.setitem(dispatch.KINDS, name, kind)
    Task.objects.all().delete()
    prompt_queue("default").empty()


@pytest.fixture
def start(process_environment: dict[str, str]) -> Iterator[Start]:
    """A worker of ``default`` or a scheduler, with the probes' kinds and little grace."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*words: str, grace: float = 0.5) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.jobs.probes", *(words or ("worker", "default"))]
        environment = process_environment | {"WORKER_GRACE_SECONDS": str(grace)}
        started.append(subprocess.Popen(command, env=environment))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def effects() -> list[int]:
    return [event.data["task"] for event in Event.objects.filter(kind="probe")]


def begun(task: Task) -> bool:
    return Task.objects.filter(pk=task.pk, lease_until__isnull=False).exists()


def slow(world: World) -> Task:
    return Task.promise("slow at first", "slow", {"access_point": world.counter.pk})


def test_told_to_end_it_hands_its_task_back_and_another_has_it_in_seconds(
    world: World, start: Start, measured: Callable[..., None]
) -> None:
    """No scheduler runs: the worker itself puts it back into the queue."""
    task, leaving = slow(world), start()
    wait_until(lambda: begun(task))
    start()
    wait_until(lambda: Worker.count(queue=prompt_queue("default")) == 2)
    leaving.terminate()
    told = time.monotonic()
    wait_until(lambda: effects() == [task.pk], 60)
    measured(time.monotonic() - told, "s from SIGTERM until another had done it, of which 0.5 s grace")
    assert leaving.wait(60) == 0
    assert not Task.objects.filter(pk=task.pk).exists()


def test_told_twice_it_does_not_wait_for_its_grace(world: World, start: Start) -> None:
    task, leaving = slow(world), start(grace=3600)
    wait_until(lambda: begun(task))
    leaving.terminate()
    time.sleep(1.2)  # sooner, rq takes it for an echo
    wait_until(lambda: told_again(leaving, task), every=1.2)
    assert leaving.wait(60) == 0
    task.refresh_from_db()
    assert (task.lease_until, task.attempts) == (None, 0)


def told_again(leaving: "subprocess.Popen[bytes]", task: Task) -> bool:
    """Whether it let go of its task; once more when it has not. Later, Python ends and would die of it."""
    if held := begun(task):
        leaving.terminate()
    return not held


def test_told_to_end_while_redis_is_away_its_task_has_not_failed(
    world: World, start: Start, own_redis: Redis, process_environment: dict[str, str]
) -> None:
    """rq tells Redis from within the signal's handler, which is to say in the middle of the task."""
    process_environment["REDIS_URL"] = f"{own_redis.url}/0"
    task = Task.promise("held", "held", {})
    with redis.Redis.from_url(f"{own_redis.url}/0") as client:
        queue = Queue("default", connection=client, serializer=JSONSerializer)
        queue.enqueue(dispatch.perform, task.pk)
    leaving = start()
    wait_until(lambda: begun(task))
    own_redis.kill()
    leaving.terminate()
    wait_until(lambda: not begun(task))
    task.refresh_from_db()
    assert (task.attempts, task.last_error) == (0, "Its worker was told to end; another one takes it")


def test_a_job_of_the_timetable_goes_back_into_its_queue(db: None, start: Start) -> None:
    queue = prompt_queue("default")
    job = queue.enqueue(probes.keep_busy, job_timeout=60)
    leaving = start()
    wait_until(lambda: job.get_status() == "started")
    leaving.terminate()
    assert leaving.wait(60) == 0
    assert queue.get_job_ids() == [job.id]
    assert queue.failed_job_registry.count == 0


def test_handing_back_counts_no_attempt(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(task: Task) -> None:
        raise HandBack

    monkeypatch.setitem(dispatch.KINDS, "effect", dispatch.Kind(interrupted, "default"))
    task = Task.promise("effect", "interrupted", {})
    for _ in range(30):
        with pytest.raises(HandBack):
            dispatch.perform(task.pk)
    task.refresh_from_db()
    assert (task.attempts, task.dead, task.lease_until) == (0, False, None)
    assert task.run_after <= clock.now()


def test_killed_in_the_middle_its_task_runs_again_and_has_one_effect(
    world: World, start: Start, measured: Callable[..., None]
) -> None:
    task = slow(world)
    start("scheduler")
    worker = start()
    wait_until(lambda: begun(task))
    critical = start("worker", "critical")
    worker.kill()
    start()
    killed = time.monotonic()
    wait_until(lambda: effects() == [task.pk], 120)
    measured(time.monotonic() - killed, "s from kill -9 until it was done")
    assert critical.poll() is None


def test_one_that_heeds_no_time_limit_is_killed_with_its_worker(world: World, start: Start) -> None:
    Task.promise("deaf", "deaf", {})
    assert start().wait(90) == -9
