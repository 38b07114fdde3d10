"""A zone is lost: half of the instances vanish at once, without a goodbye, and nobody's work is.

Their hosts say nothing any more, so that the balancer waits for its own limits, and access points for
theirs: one pings after a minute of silence, hangs up ten seconds later and dials again after ten more.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.ops.releases import releases
from tests.ops.site import Site, certificates, site
from tests.ops.visitors import Load
from tests.stack import wait_for

pytestmark = pytest.mark.timeout(900)
ACCESS_POINTS = int(os.environ.get("ZONE_ACCESS_POINTS", "400"))
ZONE = 2  # instances of each
BACK_SECONDS = 120.0
LEFT = "SELECT COUNT(*) FROM devices_task WHERE kind = 'rehearsed'"


class Loss:
    """Played once; seconds are those since the loss."""

    def __init__(self, place: Site) -> None:
        self.place = place
        self.load: Load = place.load()
        self.keys: list[str] = []
        self.back = self.done = 0.0

    def play(self) -> None:
        place = self.place
        with place.access_points.running(
            place.balancer.outpost_url, place.staging.authority, certificates(place), place.serials
        ):
            self._wait(lambda: place.access_points.connected == ACCESS_POINTS, 90)
            self.load.start(readers=3)
            with place.promising(1.0, [0.3, 1.0, 2.0]) as self.keys:
                time.sleep(10)
                self._lose()
                self.load.stop()
            self._wait(lambda: place.one(LEFT) == 0, BACK_SECONDS)

    def _lose(self) -> None:
        place = self.place
        lost = [machine.address for machine in place.machines[:ZONE]]
        began = time.monotonic()
        place.vanish(place.machines[:ZONE])
        held = f"SELECT COUNT(*) FROM rehearsed_effect WHERE id > {place.one(LAST)}"
        self._wait(lambda: place.one(held) > 0, BACK_SECONDS)
        self.done = time.monotonic() - began
        connected = place.access_points.counts["reconnects"]
        self._wait(lambda: self._reconnected(connected), BACK_SECONDS)
        self.back = time.monotonic() - began
        place.say(f"{', '.join(lost)} are lost; access points are back after {self.back:.0f} s")

    def _reconnected(self, before: int) -> bool:
        """All are connected, and not merely of the opinion that they are."""
        counts = self.place.access_points.counts
        here = [machine.address for machine in self.place.machines]
        served = self.place.balancer.sessions("outpost", here)
        return counts["connected"] == ACCESS_POINTS == served and counts["reconnects"] > before

    def _wait(self, holds: object, seconds: float) -> None:
        wait_for(holds, seconds, lambda: str(self.place.access_points.counts))  # type: ignore[arg-type]


LAST = "SELECT COALESCE(MAX(id), 0) FROM rehearsed_effect"


@pytest.fixture(scope="module")
def loss() -> Iterator[Loss]:
    with releases() as (release, _), site(release, ACCESS_POINTS, patience="5s") as place:
        for machine in [place.boot(release) for _ in range(2 * ZONE)]:
            place.join(machine)
        played = Loss(place)
        played.play()
        ledger = played.load.ledger
        print(
            f"\n{len(ledger.asked)} requests, {len(ledger.failed)} failed, longest {ledger.seconds(1):.1f} s;"
            f" {ACCESS_POINTS} access points back after {played.back:.0f} s,"
            f" {len(played.keys)} tasks, work went on after {played.done:.1f} s"
        )
        yield played


def test_no_request_failed(loss: Loss, measured: Callable[..., None]) -> None:
    ledger = loss.load.ledger
    measured(len(ledger.failed), "requests failed", of=len(ledger.asked))
    measured(ledger.seconds(1.0), "s the longest of them")
    measured(loss.back, f"s until {ACCESS_POINTS} access points were back")
    measured(len(loss.keys), "tasks done once")
    assert ledger.failed == []
    assert loss.load.broken == []


def test_every_change_and_task_is_there_once(loss: Loss) -> None:
    saved = "SELECT subject FROM accounts_auditentry WHERE subject LIKE 'Shop % saved %'"
    assert Counter(loss.place.column(saved)) == Counter(loss.load.saves.done)
    assert Counter(loss.place.column("SELECT task FROM rehearsed_effect")) == Counter(loss.keys)


def test_access_points_are_back_in_time(loss: Loss) -> None:
    assert loss.back <= BACK_SECONDS
