"""Two servers that access points connect to: the outpost as in production, and one that only counts."""

import contextlib
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from outpost.protocol.messages import configure
from outpost.store.contract import Desired, FactKind
from outpost.store.opening import open_live_store
from outpost.store.sealing import Seal
from tests.load import fleet, samples
from tests.load.remote import Remote
from tests.outpost.running import KEY, RunningOutpost
from tests.servers import Redis, _die_with_parent, temporary_directory

LIMIT = 60.0  # seconds anything may take
LOOK_SECONDS = 0.002  # between looks at something that cannot tell us


class Contestant(Protocol):
    """What is measured: one process that access points connect to."""

    name: str
    url: str
    pid: int

    def registered(self, count: int) -> float:
        """Wait until it has taken in so many connects, since its start; the time, by the monotonic clock."""

    def push(self, count: int, number: int) -> float:
        """Have the first ``count`` access points configured; the time when it was told to."""

    def acknowledged(self, count: int) -> float:
        """Wait until it has so many acknowledgements; the time."""


class CountingContestant:
    """The floor."""

    name = "floor"

    def __init__(self, server: Remote) -> None:
        self._server = server
        self.pid = server.pid
        self.url = f"ws://127.0.0.1:{server.ask('listen')['port']}"
        self._frames = 0

    def registered(self, count: int) -> float:
        """They are open: more it does not know of them."""
        return _when(lambda: self._told("connects") >= count, "connections")

    def push(self, count: int, number: int) -> float:
        document = samples.configuration(fleet.HARDWARE)
        frame = configure(1, samples.SERIAL, number, document)
        self._frames = self._told("frames")
        began = time.monotonic()
        self._server.ask("push", frame=frame.decode())
        return began

    def acknowledged(self, count: int) -> float:
        """Every connection has said something more; the states it sends are seconds apart."""
        return _when(lambda: self._told("frames") >= self._frames + count, "answers")

    def _told(self, name: str) -> int:
        return int(self._server.ask("count")[name])


class OutpostContestant:
    """Every access point claimed, nothing to run yet."""

    name = "outpost"

    def __init__(self, server: RunningOutpost, store: Redis, count: int) -> None:
        (self.pid,) = server.workers()
        self.url = f"ws://127.0.0.1:{server.port}/"
        self._serials = [fleet.serial(n) for n in range(count)]
        self._heard: Counter[FactKind] = Counter()
        self._applied = 0
        self._store = open_live_store(store.url)
        self._store.put_desired(Desired(serial, 0, "", b"", "1") for serial in self._serials)

    def close(self) -> None:
        self._store.close()

    def registered(self, count: int) -> float:
        """They are in the live store, and the fact that would go to MySQL is in the stream."""
        return _when(lambda: self._facts("connected") >= count, "connects")

    def push(self, count: int, number: int) -> float:
        """As publishing does, once everything is rendered and sealed."""
        seal, packed = Seal([KEY]), zlib.compress(samples.configuration(fleet.HARDWARE))
        serials = self._serials[:count]
        sealed = ((serial, seal.seal(serial, packed)) for serial in serials)
        wanted = [Desired(serial, number, f"hash {number}", document, "1") for serial, document in sealed]
        self._applied = self._heard["applied"]
        began = time.monotonic()
        self._store.put_desired(wanted)
        self._store.nudge(serials)
        return began

    def acknowledged(self, count: int) -> float:
        """The facts that would go to MySQL are in the stream."""
        return _when(lambda: self._facts("applied") >= self._applied + count, "answers")

    def _facts(self, kind: FactKind) -> int:
        """How many of this kind there were so far."""
        facts = self._store.read_facts("bench", 1000)
        self._store.acknowledge(facts)
        self._heard.update(fact.kind for fact in facts)
        return self._heard[kind]


@contextlib.contextmanager
def counting() -> Iterator[Contestant]:
    with Remote("tests.load.counting_server") as server:
        yield CountingContestant(server)


@contextlib.contextmanager
def outpost(count: int) -> Iterator[Contestant]:
    """``python -m outpost`` with one worker and a Redis of its own; so many access points are claimed."""
    with temporary_directory() as directory, Redis.private() as store:
        server = RunningOutpost(store.url, directory)
        try:
            server.start(preexec_fn=_die_with_parent)
            contestant = OutpostContestant(server, store, count)
            yield contestant
            contestant.close()
            assert server.failures == [], server.failures[0]
        finally:
            server.kill()


def _when(holds: Callable[[], bool], what: str) -> float:
    """The first time at which it holds. Raises ``TimeoutError``."""
    deadline = time.monotonic() + LIMIT
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not all {what} within {LIMIT:g} s")
        time.sleep(LOOK_SECONDS)
    return time.monotonic()
