"""A whole night: stack, fleet, clock, director and chaos, and what came of it."""

import contextlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.night import fleet
from tests.night.books import Books, Look
from tests.night.cast import VERSION, Place
from tests.night.chaos import Chaos
from tests.night.clock import Clock
from tests.night.director import Director, is_inside
from tests.night.stack import NightStack, surroundings
from tests.servers import MariaDB, Redis, temporary_directory
from tests.stack import ROOT, wait_for

FIRST_SERIAL = 0x02AE60000000
FATES = ("fails", "silent", "stale")


@dataclass(frozen=True)
class Script:
    """What is rehearsed. Fates are dealt to ``failing`` of the access points, from the seed."""

    places: tuple[Place, ...]
    access_points: int
    failing: float
    begins: datetime
    rate: float = 60.0
    seed: int = 1
    terms: dict[str, Any] = field(default_factory=dict)

    def fates(self) -> dict[str, str]:
        """Every serial, and how its upgrades go."""
        serials = [f"{FIRST_SERIAL + n:012x}" for n in range(self.access_points)]
        chosen = Random(self.seed).sample(serials, round(self.access_points * self.failing))
        bad = {serial: FATES[n % len(FATES)] for n, serial in enumerate(chosen)}
        return {serial: bad.get(serial, "well") for serial in serials}

    def of_place(self, number: int) -> list[str]:
        return list(self.fates())[number :: len(self.places)]


class Rehearsal:
    """One stack and its fleet; ``directory`` holds the clock's file and the flashes."""

    def __init__(self, script: Script, stack: NightStack, clock: Clock, directory: Path) -> None:
        self.script, self.stack, self.clock, self.directory = script, stack, clock, directory
        self.books = Books(stack.database)
        self.fates = script.fates()
        self.redis_killed: list[float] = []  # Unix seconds; known once it was played
        self.places: dict[int, Place] = {}
        self.place_of: dict[str, Place] = {}
        self.image = 0
        self.logs = [directory / f"flashes-{number}" for number in range(len(stack.outpost_urls))]

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Of ``tests.night.cast``."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.night.cast", verb],
            input=json.dumps(arguments),
            cwd=ROOT,
            env=self.stack.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        return json.loads(done.stdout)

    def seed(self) -> None:
        places = self.script.places
        serials = [self.script.of_place(number) for number in range(len(places))]
        made = self.ask("seed", places=[asdict(place) for place in places], serials=serials)
        self.image = made["image"]
        self.places = dict(zip(made["networks"], places, strict=True))
        self.place_of = {
            serial: place for place, those in zip(places, serials, strict=True) for serial in those
        }

    def start(self, at: datetime | None = None) -> int:
        """At this moment of the clock, or now; the rollout's primary key."""
        starts_at = (at or self.clock.now()).isoformat()
        return int(self.ask("start", image=self.image, starts_at=starts_at, **self.script.terms))

    def director(self) -> Director:
        doomed = {serial for serial, fate in self.fates.items() if fate != "well"}
        dead = {serial for serial, fate in self.fates.items() if fate == "silent"}
        return Director(self.clock, self.books, self.places, doomed, dead)

    @contextlib.contextmanager
    def fleets(self) -> Iterator[None]:
        """A process for each outpost; ends them."""
        serials = list(self.fates)
        urls = self.stack.outpost_urls
        playing = [
            self._fleet(url, serials[number :: len(urls)], self.logs[number])
            for number, url in enumerate(urls)
        ]
        try:
            yield
        finally:
            for process in playing:
                process.terminate()
                process.wait(30)

    def _fleet(self, url: str, serials: list[str], log: Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.night.fleet"]
        with log.with_suffix(".out").open("w") as words:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=words, stderr=subprocess.STDOUT, cwd=ROOT, text=True
            )
        asked = {"url": url, "serials": {one: self.fates[one] for one in serials}, "log": str(log)}
        assert process.stdin
        with process.stdin as pipe:
            json.dump(asked, pipe)
        return process

    def wait_until_online(self, timeout: float = 240.0) -> float:
        """Seconds until everybody is there."""
        began = time.monotonic()
        wait_for(lambda: self.books.online() == len(self.fates), timeout, self.words)
        return time.monotonic() - began

    def words(self) -> str:
        return f"{self.books.online()} online\n{self.stack.last_words()}"

    # what came of it

    def flashes(self) -> list[fleet.Flashed]:
        return [flash for log in self.logs for flash in fleet.read(log)]

    def outside(self) -> list[str]:
        """Flashes that were asked for while the window of their network was closed."""
        found = []
        for flash in self.flashes():
            at = self.clock.shown(flash.asked)
            if not is_inside(self.place_of[flash.serial], at):
                found.append(f"{flash.serial} at {at} in {self.place_of[flash.serial].timezone}")
        return found

    def too_often(self, attempts: int) -> dict[str, int]:
        """Serials that were flashed more often than they may: good ones once, others ``attempts`` times."""
        counts = Counter(flash.serial for flash in self.flashes())
        return {
            serial: count
            for serial, count in counts.items()
            if count > (1 if self.fates[serial] == "well" else attempts)
        }


@contextlib.contextmanager
def rehearsal(script: Script) -> Iterator[Rehearsal]:
    """Everything up, everybody online, nothing started yet."""
    with temporary_directory() as directory:
        database, redis = MariaDB(directory), Redis(directory)
        clock = Clock(directory / "clock.json", script.begins, script.rate)
        stack = NightStack(directory, database, redis, **surroundings(clock.path))
        try:
            database.start()
            redis.start()
            night = Rehearsal(script, stack, clock, directory)
            prepare(night)
            with night.fleets():
                yield night
        finally:
            stack.stop()
            redis.kill()
            database.kill()


def prepare(night: Rehearsal) -> None:
    night.stack.manage("migrate", "--verbosity", "0")
    night.stack.manage("createcachetable")
    night.seed()
    night.stack.start()


def figures(night: Rehearsal, chaos: Chaos, director: Director, seconds: float) -> str:
    """One line of what there was."""
    kills = ", ".join(f"{name} {count}" for name, count in sorted(chaos.kills.items()))
    return (
        f"{len(night.fates)} access points in {seconds:.0f} s; {len(night.flashes())} flashes,"
        f" {night.books.commands()} commands, {director.jumps} jumps of the clock,"
        f" {sum(chaos.kills.values())} kills ({kills})"
    )


def play(
    night: Rehearsal,
    chaos: Chaos,
    director: Director,
    timeout: float,
    each: Callable[[Look], None] = lambda look: None,
) -> Look:
    with chaos:
        look = director.play(timeout, each)
    night.redis_killed = chaos.redis_killed
    if chaos.error:
        raise chaos.error
    return look


__all__ = ["VERSION", "Place", "Rehearsal", "Script", "figures", "play", "rehearsal", "timedelta"]
