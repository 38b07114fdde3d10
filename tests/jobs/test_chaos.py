"""Everything at once: workers and schedulers killed, Redis wiped, and every effect comes exactly once.

No word of any task arrives either, for the test promises them beside another Redis: dispatch finds each.
"""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import redis

from devices.models import Event, Task
from tests.jobs.test_scheduler import wait_until
from tests.servers import Redis
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
TASKS = 300
STEPS = 20  # a second each
SEED = 20261121
ROLES = (
    ("worker", "critical"),
    ("worker", "default"),
    ("worker", "default"),
    ("scheduler",),
    ("scheduler",),
)


class Crew:
    """Processes that are started again as soon as they are killed, as systemd would."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.processes = [self._start(words) for words in ROLES]

    def kill(self, number: int) -> None:
        self.processes[number].kill()
        self.processes[number].wait()
        self.processes[number] = self._start(ROLES[number])

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def _start(self, words: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.jobs.probes", *words]
        return subprocess.Popen(command, env=self.environment)


@pytest.fixture
def crew(process_environment: dict[str, str], own_redis: Redis) -> Iterator[Crew]:
    crew = Crew(process_environment | {"REDIS_URL": own_redis.url})
    yield crew
    crew.end()


def test_every_effect_comes_exactly_once(world: World, crew: Crew, own_redis: Redis) -> None:
    chance, server = random.Random(SEED), redis.Redis.from_url(own_redis.url)
    promised = []
    for step in range(STEPS):
        for number in range(TASKS // STEPS):
            key = f"chaos {step}.{number}"
            promised.append(Task.promise("effect", key, {"access_point": world.counter.pk}).pk)
        if step % 2:
            crew.kill(chance.randrange(len(ROLES)))
        if step % 6 == 5:
            server.flushall()
        time.sleep(chance.uniform(0.5, 1))  # the kills' pace, not a wait for anything
    wait_until(lambda: not Task.objects.filter(kind="effect").exists(), 200)
    effects = Counter(event.data["task"] for event in Event.objects.filter(kind="probe"))
    assert effects == Counter(promised)
