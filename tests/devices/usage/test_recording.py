"""From states in the live store to rows in MySQL: each byte once, whoever looks, however often."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.claiming import claim
from devices.models import AccessPoint, Usage, UsageCounter
from devices.models.usage import COARSE, FINE
from devices.publishing import publish_network
from devices.usage.recording import measure
from devices.usage.rolling import roll_up
from outpost.store.contract import Seen
from tests.devices.door import Door
from tests.devices.together import together
from tests.world import COUNTER, TERRACE, World

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
pytestmark = pytest.mark.django_db(transaction=True)


def state(down: int, clients: int = 2, uptime: int = 90_000, names: tuple[str, ...] = ("Lento",)) -> bytes:
    """Every SSID moved ``down`` bytes to its clients, and a tenth of it back."""
    ssids = [
        {
            "ssid": name,
            "bssid": f"24:f5:a2:00:00:{n:02x}",
            "counters": {"tx_bytes": down, "rx_bytes": down // 10},
            "associations": [{"station": f"02:00:00:00:{n:02x}:{c:02x}"} for c in range(clients)],
        }
        for n, name in enumerate(names)
    ]
    return json.dumps({"unit": {"uptime": uptime}, "interfaces": [{"ssids": ssids}]}).encode()


class Told:
    """Access points that told their states through an outpost, at seconds after noon."""

    def __init__(self, door: Door) -> None:
        self.door = door

    def says(self, serial: str, after: float, raw: bytes) -> None:
        session = self.door.sessions.get(serial) or self.door.connect(serial, at=NOON + after)
        AccessPoint.objects.filter(serial=serial).update(link="online")
        self.door.store.seen([Seen(serial, session, NOON + after, 1, raw)])


@pytest.fixture
def told(door: Door, world: World) -> Told:
    publish(world)
    return Told(door)


def publish(world: World) -> None:
    """The live store keeps what those report who are claimed."""
    for network in (world.harbour, world.market):
        list(publish_network(network.pk))


def fine(ssid: str = "", serial: str = COUNTER) -> list[tuple[int, int, int, int]]:
    """(Minutes after noon, downloaded, uploaded, clients) of the five-minute rows."""
    rows = Usage.objects.filter(access_point__serial=serial, ssid=ssid, seconds=FINE).order_by("at")
    return [
        (round((row.at.timestamp() - NOON) / 60), row.downloaded, row.uploaded, row.clients) for row in rows
    ]


def test_the_first_look_counts_clients_and_no_bytes(told: Told) -> None:
    told.says(COUNTER, 10, state(10**9))
    assert measure(NOON + 20) == 1
    assert fine() == fine("Lento") == [(0, 0, 0, 2)]


def test_what_was_added_goes_to_the_five_minutes_it_was_added_in(told: Told) -> None:
    told.says(COUNTER, 150, state(1000))
    measure(NOON + 160)
    told.says(COUNTER, 450, state(4000))
    measure(NOON + 460)
    assert fine("Lento") == [(0, 1500, 150, 2), (5, 1500, 150, 2)]


def test_looking_again_changes_nothing(told: Told) -> None:
    for after, down in ((150, 1000), (450, 4000)):
        told.says(COUNTER, after, state(down))
        measure(NOON + after)
    before = list(Usage.objects.order_by("pk").values())
    assert measure(NOON + 455) == 0
    assert list(Usage.objects.order_by("pk").values()) == before


def test_two_workers_at_once_count_once(told: Told) -> None:
    told.says(COUNTER, 0.1234567, state(1000))
    measure(NOON + 1)
    told.says(COUNTER, 290, state(4000))
    together(*[lambda: measure(NOON + 295) and None] * 4)
    assert fine() == [(0, 3000, 300, 2)]


def test_a_restart_neither_jumps_nor_goes_backwards(told: Told) -> None:
    told.says(COUNTER, 10, state(10**9))
    measure(NOON + 20)
    told.says(COUNTER, 290, state(500, uptime=60))
    measure(NOON + 295)
    assert fine() == [(0, 500, 50, 2)]


def test_ssids_that_differ_by_a_letter_s_case_or_a_space_at_the_end(told: Told) -> None:
    names = ("Guest", "guest", "Gäst", "Gast", "Guest ", "😀", "😁", "")
    told.says(COUNTER, 10, state(0, names=names))
    measure(NOON + 20)
    told.says(COUNTER, 290, state(1000, names=names))
    measure(NOON + 295)
    assert fine("Guest") == [(0, 2000, 200, 4)]
    assert [fine(name) for name in ("guest", "Gäst", "Gast", "😀", "😁")] == [[(0, 1000, 100, 2)]] * 5
    assert fine() == [(0, 8000, 800, 16)]


def test_only_what_is_heard_of_counts(told: Told) -> None:
    told.says(COUNTER, 10, state(0))
    told.says(TERRACE, 10, b'{"interfaces": [{"ssids": [{"counters": {"tx_bytes": "much"}}]}, 7]}')
    assert measure(NOON + 10_000) == 0
    assert measure(NOON + 20) == 2
    assert fine(serial=TERRACE) == [(0, 0, 0, 0)]


def test_statements_do_not_grow_with_the_access_points(told: Told, world: World) -> None:
    claim(world.ada, world.harbour, "\n".join(f"aa{number:010x}" for number in range(1000)))
    publish(world)
    for number in range(1000):
        told.says(f"aa{number:010x}", 10, state(1000, names=("Lento", "Lento Guests")))
    measure(NOON + 20)
    for number in range(1000):
        told.says(f"aa{number:010x}", 290, state(2000, names=("Lento", "Lento Guests")))
    with CaptureQueriesContext(connection) as queries:
        assert measure(NOON + 300) == 1000
    assert len([one for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]) <= 25


def test_hours_are_made_of_five_minutes(told: Told) -> None:
    for after, down in ((10, 0), (290, 1000), (590, 4000), (3601 + 250, 9000)):
        told.says(COUNTER, after, state(down, clients=down // 1000))
        measure(NOON + after)
    for _ in range(2):
        roll_up(datetime.fromtimestamp(NOON + 4000, UTC))
        hours = Usage.objects.filter(seconds=COARSE, ssid="").order_by("at")
        assert [row.at.hour for row in hours] == [12, 13]
        assert sum(row.downloaded for row in hours) == 9000
        assert [row.clients for row in hours] == [9, 9]


def test_nobody_is_counted_who_was_released(told: Told, world: World) -> None:
    told.says(COUNTER, 10, state(0))
    measure(NOON + 20)
    world.counter.release(world.ada)
    assert measure(NOON + 20) == 0
    assert not Usage.objects.exists()
    assert not UsageCounter.objects.exists()
