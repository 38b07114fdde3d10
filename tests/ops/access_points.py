"""``python -m tests.ops.access_points``: access points with a certificate each, in a process of their own.

Asked on standard input (JSON): the outpost's address, the CA, the directory of certificates, the serials,
the file that every flash is written to as it happens, and the one that has the counts of this moment.
"""

import asyncio
import contextlib
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import uvloop

from devices.simulation.device import Device, Habits
from devices.simulation.fleet import Fleet
from devices.simulation.hardware import BY_COMPATIBLE
from devices.simulation.identity import Identity
from devices.simulation.options import Options
from tests.images import HARDWARE
from tests.night.fleet import Flashed, _write, _write_new, read
from tests.outpost.certificates import Authority

FIRST_SERIAL = 0x02AE70000000
HABITS = Habits(apply_seconds=(0.05, 0.3), download_seconds=1.0, boot_seconds=4.0, clients=2.0)
#: States and pings as in real life, dials after a loss too: a real client waits ten seconds.
OPTIONS = Options(interval=60.0, health_interval=300.0, ramp=150.0, connect_limit=90.0, repeat_states=50)


def serials(count: int) -> list[str]:
    return [f"{FIRST_SERIAL + number:012x}" for number in range(count)]


def issue(authority: Authority, directory: Path, of: Sequence[str]) -> None:
    """A certificate and key for each, in one file named after its serial."""
    directory.mkdir(exist_ok=True)
    for serial in of:
        pair = authority.issue([serial])
        (directory / f"{serial}.pem").write_text("".join(part.read_text() for part in pair))


class AccessPoints:
    """The process, seen from outside."""

    def __init__(self, directory: Path) -> None:
        self._flashes, self._counts = directory / "flashes", directory / "counts.json"
        self._words = directory / "access-points.log"

    @contextlib.contextmanager
    def running(
        self, url: str, authority: Authority, certificates: Path, of: Sequence[str]
    ) -> Iterator[None]:
        with self._words.open("w") as words:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.ops.access_points"],
                stdin=subprocess.PIPE, stdout=words, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        asked = {"url": url, "ca": str(authority.file), "certificates": str(certificates), "serials": of}
        assert process.stdin
        with process.stdin as pipe:
            json.dump(asked | {"log": str(self._flashes), "counts": str(self._counts)}, pipe)
        try:
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait()

    @property
    def counts(self) -> dict[str, Any]:
        """``devices.simulation.figures`` of a second ago."""
        told: dict[str, Any] = json.loads(self._counts.read_text()) if self._counts.exists() else {}
        return told

    @property
    def connected(self) -> int:
        return int(self.counts.get("connected", 0))

    def flashes(self) -> list[Flashed]:
        return read(self._flashes)

    def last_words(self) -> str:
        return self._words.read_text()[-3000:]


async def play(asked: dict[str, Any]) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    identity = Identity(ca=Path(asked["ca"]), cert_dir=Path(asked["certificates"]), server_name="localhost")
    devices = [
        Device(serial, BY_COMPATIBLE[HARDWARE], habits=HABITS, rng=Random(serial))
        for serial in asked["serials"]
    ]
    fleet = Fleet(asked["url"], devices, OPTIONS, identity=identity, tell=print)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, fleet.end)
    await _told(fleet, Path(asked["log"]), Path(asked["counts"]))


async def _told(fleet: Fleet, log: Path, counts: Path) -> None:
    loop, written = asyncio.get_running_loop(), {}
    with log.open("w") as file:
        telling = [loop.create_task(_write(fleet, file, written)), loop.create_task(_count(fleet, counts))]
        await fleet.run()
        for task in telling:
            task.cancel()
        _write_new(fleet, file, written)


async def _count(fleet: Fleet, counts: Path) -> None:
    draft = counts.with_suffix(".new")
    while True:
        draft.write_text(json.dumps(fleet.figures.as_dict() | {"alarms": fleet.alarms}))
        draft.replace(counts)
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play(json.load(sys.stdin)))
