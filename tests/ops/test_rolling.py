"""A rolling update under load: three instances of a release become three of the next, and nobody notices.

``ROLLING_ACCESS_POINTS=2000`` says how many access points there are; ``ROLLING_PAGE=1`` writes the figures
into docs/performance.md. Production's settings, TLS and mutual TLS, MariaDB, Redis, S3 and mail outside.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.load.findings import Findings, Table
from tests.load.page import PAGE, caption, insert
from tests.ops.releases import Release, releases
from tests.ops.site import Site, certificates, site
from tests.ops.visitors import Load
from tests.stack import wait_for

pytestmark = pytest.mark.timeout(900)
ACCESS_POINTS = int(os.environ.get("ROLLING_ACCESS_POINTS", "2000"))
AT_ONCE = max(10, ACCESS_POINTS // 12)
TASKS_EVERY, TASKS_TAKE = 1.0, [0.3, 1.0, 2.0, 4.0]
# Of a killed worker, or of a command that went down with its outpost, the work is back after this time.
BACK_SECONDS = 200.0


class Update:
    """Played once; the tests look at what came of it."""

    def __init__(self, place: Site, old: Release, new: Release) -> None:
        self.place, self.old, self.new = place, old, new
        self.load: Load = place.load()
        self.keys: list[str] = []
        self.old_files: list[str] = []
        self.figures: dict[str, str] = {}
        self.counts: dict[str, Any] = {}

    def play(self) -> None:
        place = self.place
        for machine in [place.boot(self.old) for _ in range(3)]:
            place.join(machine)
        place.say("three instances of the old release serve")
        with place.access_points.running(
            place.balancer.outpost_url, place.staging.authority, certificates(place), place.serials
        ):
            self._wait(lambda: place.books.online() == ACCESS_POINTS, 120, "access points do not come")
            self._under_load()
            self._settle()
            self.counts = place.access_points.counts
        for machine in list(place.machines):
            place.note_errors(machine)

    def _under_load(self) -> None:
        place, began = self.place, time.monotonic()
        place.ask("start", image=place.seeded["image"], network=place.networks("Hall")[0], at_once=AT_ONCE)
        page = self.load.visitor()
        self.old_files = page.files()
        self.load.start()
        with place.promising(TASKS_EVERY, TASKS_TAKE) as self.keys:
            place.say("under load, a rollout begins")
            place.staging.manage("migrate_release", tree=self.new.tree)
            place.say("the schema is the new release's")
            self._replace_all()
            took = time.monotonic() - began
            for file in self.old_files:
                page.fetch(file)
            self._wait(lambda: place.access_points.connected == ACCESS_POINTS, 60, "not all are back")
        self.load.stop()
        self.figures["seconds of the update"] = f"{took:.0f}"

    def _replace_all(self) -> None:
        """One after the other; the second one of the old release is killed before its turn."""
        place = self.place
        first, second, third = place.machines
        place.join(place.boot(self.new))
        place.leave(first)
        place.kill(second)
        instead = place.boot(self.new)
        place.bury(second)
        place.join(instead)
        place.join(place.boot(self.new))
        place.leave(third)

    def _settle(self) -> None:
        """Until nothing is left to do."""
        place = self.place
        self._wait(lambda: place.one(TASKS_LEFT) == 0, BACK_SECONDS, "tasks are left")
        place.say("every task is done")
        self._wait(lambda: place.books.look().over, BACK_SECONDS, "the rollout goes on")
        place.say("the rollout has ended")
        self._wait(lambda: place.books.online() == ACCESS_POINTS, 60, "MySQL misses access points")
        self._wait(lambda: place.one(f"SELECT COUNT(*) {BEHIND}") == 0, 60, "changes are not applied")
        self._wait(lambda: len(self.mailed()) >= len(self.load.invitations.done), 90, "mails are missing")

    def _wait(self, holds: object, seconds: float, words: str) -> None:
        wait_for(holds, seconds, lambda: f"{words}\n{self._state()}")  # type: ignore[arg-type]

    def _state(self) -> str:
        place = self.place
        tasks = place.books.rows("SELECT `key`, attempts, dead, last_error FROM devices_task LIMIT 20")
        behind = place.books.rows(f"SELECT * {BEHIND} LIMIT 5")
        counts = {name: value for name, value in place.access_points.counts.items() if value}
        return "\n".join(map(str, (counts, tasks, behind, place.access_points.last_words(), place.errors)))

    def mailed(self) -> Counter[str]:
        """Addresses that got an invitation, and how often."""
        to = [address for to, _mail in self.place.mailbox.mails for address in to]
        return Counter(address for address in to if address.startswith("guest-"))


TASKS_LEFT = "SELECT COUNT(*) FROM devices_task WHERE kind NOT IN ('rollout', 'upgrade')"
BEHIND = "FROM devices_configuration WHERE reported_uuid <> uuid OR uuid = 0"
UPLOADED = "SELECT version, state FROM devices_firmwareimage WHERE version LIKE 'TIP-v1.0.%'"
SAVED = "SELECT subject FROM accounts_auditentry WHERE subject LIKE 'Shop % saved %'"


@pytest.fixture(scope="module")
def update() -> Iterator[Update]:
    before = os.getloadavg()[0]
    with releases() as (old, new), site(old, ACCESS_POINTS) as place:
        played = Update(place, old, new)
        began = time.monotonic()
        try:
            played.play()
        finally:
            tell(played, before, time.monotonic() - began)
        yield played


def tell(update: Update, load_before: float, seconds: float) -> None:
    """Print the figures, and write them down where that is wanted."""
    findings = figures(update, seconds)
    print(f"\n{findings}")
    if os.environ.get("ROLLING_PAGE"):
        now = datetime.now(UTC)
        PAGE.write_text(insert(PAGE.read_text(), "rolling", caption(now, 1, load_before), findings))


def figures(update: Update, seconds: float) -> Findings:
    load, place = update.load, update.place
    counts, haproxy = place.access_points.counts, place.balancer.figures()["console"]
    rows = [
        ("requests", f"{len(load.ledger.asked):,}"),
        ("of them failed", len(load.ledger.failed)),
        ("sent again by the balancer", int(haproxy["wretr"]) + int(haproxy["wredis"])),
        (
            "their p50, p99 and longest",
            ", ".join(f"{load.ledger.seconds(n):.2f} s" for n in (0.5, 0.99, 1.0)),
        ),
        ("changes, invitations, uploads", ", ".join(str(len(book.done)) for book in load.written)),
        ("tasks of 0.3 to 4 s, promised and done once", len(update.keys)),
        ("access points flashed by the rollout, once each", len(place.access_points.flashes())),
        ("connections that access points lost", f"{counts.get('drops', 0):,}"),
        ("connections that were refused", f"{counts.get('failed_connects', 0):,}"),
        *update.figures.items(),
        ("seconds of the whole test", f"{seconds:.0f}"),
    ]
    sample = f"Three instances of every role, {ACCESS_POINTS:,} access points over mutual TLS."
    return Findings(sample, [Table(("", "measured"), rows)])


def test_no_request_failed(update: Update, measured: Callable[..., None]) -> None:
    ledger = update.load.ledger
    measured(len(ledger.failed), "requests failed", of=len(ledger.asked))
    measured(ledger.seconds(1.0), "s the longest of them")
    measured(len(update.place.access_points.flashes()), "access points flashed once each")
    assert ledger.failed == []
    assert update.load.broken == []
    assert len(ledger.asked) > 500


def test_every_change_is_there_once(update: Update) -> None:
    place, load = update.place, update.load
    assert Counter(place.column(SAVED)) == Counter(load.saves.done)
    invited = place.column("SELECT email FROM accounts_invitation")
    assert Counter(invited) == Counter(load.invitations.done)
    assert Counter(place.books.rows(UPLOADED)) == Counter((name, "ready") for name in load.uploads.done)


def test_every_task_was_done_once(update: Update) -> None:
    assert len(update.keys) > 30
    assert Counter(update.place.column("SELECT task FROM rehearsed_effect")) == Counter(update.keys)
    assert update.mailed() == Counter(update.load.invitations.done)


def test_every_access_point_is_back(update: Update) -> None:
    counts = update.counts
    assert counts["connected"] == ACCESS_POINTS
    assert counts["alarms"] == []
    assert counts["reconnects"] >= ACCESS_POINTS


def test_the_rollout_ended_and_flashed_each_once(update: Update) -> None:
    place = update.place
    ends = place.books.ends()
    assert Counter(end[:2] for end in ends.values()) == {("succeeded", "upgraded"): len(ends)}
    assert place.books.look().state == "finished"
    assert Counter(flash.serial for flash in place.access_points.flashes()) == Counter(ends.keys())


def test_nobody_logged_an_error(update: Update) -> None:
    assert update.place.errors == [], "\n".join(update.place.errors)
