"""Alerts: one for a network at a time, opened late enough, closed when all are back, told once each."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone as clock

from devices import alerting, alerts
from devices.alerts import Fallen, Silent, Step, is_due, looks_like_ours, next_step
from devices.claiming import claim
from devices.ingest.recording import record
from devices.models import AccessPoint, Alert, Link, Network, Task
from devices.models.alert import AlertRule
from devices.rollouts.windows import Window
from outpost.store.contract import Fact, fact_id
from outpost.store.redis import RedisLiveStore
from tests.devices.door import Door
from tests.devices.together import together
from tests.servers import free_port
from tests.world import COUNTER, WINDOW, World

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALWAYS, NEVER = Window(time(0), time(0), "UTC"), Window(time(3), time(4), "UTC")


def silent(minutes_ago: float, **told: Any) -> Silent:
    plain = {"pk": 1, "serial": COUNTER, "network": 1, "minutes": 15, "muted_until": None, "upgrading": False}
    return Silent(**(plain | {"since": NOW - minutes_ago * MINUTE, "window": NEVER} | told))


@pytest.mark.parametrize(
    ("one", "due"),
    [
        (silent(14.9), False),
        (silent(15), True),
        (silent(999, minutes=0), False),
        (silent(20, muted_until=NOW + MINUTE), False),
        (silent(20, muted_until=NOW), True),
        (silent(60, muted_until=NOW + 999 * MINUTE), True),  # our own work excuses no more than an hour
        (silent(20, upgrading=True, window=ALWAYS), False),
        (silent(20, upgrading=True), True),
        (silent(60, upgrading=True, window=ALWAYS), True),
    ],
)
def test_when_somebody_is_told(one: Silent, due: bool) -> None:
    assert is_due(one, NOW) == due


def test_an_outage_of_our_own_is_told_from_one_customer_s() -> None:
    assert looks_like_ours(Fallen(50, 3, 50))
    assert not looks_like_ours(Fallen(50, 2, 0))
    assert not looks_like_ours(Fallen(49, 9, 50))


def test_an_alert_ends_after_a_stable_minute() -> None:
    assert next_step(False, None, NOW) == Step.CALM
    assert next_step(False, NOW - 0.9 * MINUTE, NOW) == Step.KEEP
    assert next_step(True, NOW - 9 * MINUTE, NOW) == Step.RELAPSE
    assert next_step(False, NOW - MINUTE, NOW) == Step.CLOSE


def falls_silent(*serials: str, since: datetime = NOW - 20 * MINUTE) -> None:
    AccessPoint.objects.filter(serial__in=serials).update(link=Link.OFFLINE, offline_since=since)


def returns(*serials: str) -> None:
    AccessPoint.objects.filter(serial__in=serials).update(link=Link.ONLINE, offline_since=None)


def promised() -> list[dict[str, Any]]:
    return [task.payload for task in Task.objects.filter(kind="alert-mails").order_by("pk")]


pytestmark = pytest.mark.django_db(transaction=True)


def test_later_ones_join_without_another_mail(world: World) -> None:
    falls_silent(COUNTER)
    assert alerting.look(NOW) == 1
    falls_silent(WINDOW)
    assert alerting.look(NOW) == 0
    alert = Alert.objects.get()
    assert alert.serials == [COUNTER, WINDOW]
    assert promised() == [{"what": "opened", "alerts": [alert.pk]}]


def test_it_closes_when_all_are_back_for_a_minute(world: World) -> None:
    falls_silent(COUNTER, WINDOW)
    alerting.look(NOW)
    returns(COUNTER)
    alerting.look(NOW + MINUTE)
    assert Alert.objects.get().calm_since is None
    returns(WINDOW)
    assert [alerting.look(NOW + n * MINUTE) for n in (2, 2.9, 3)] == [0, 0, 1]
    assert Alert.objects.get().closed_at == NOW + 2 * MINUTE
    assert [one["what"] for one in promised()] == ["opened", "closed"]


def test_who_was_released_is_not_missed(world: World) -> None:
    falls_silent(COUNTER)
    alerting.look(NOW)
    world.counter.release(world.ada)
    assert [alerting.look(NOW + n * MINUTE) for n in (1, 2)] == [0, 1]


def test_a_relapse_within_the_minute_is_the_same_alert(world: World) -> None:
    falls_silent(COUNTER)
    alerting.look(NOW)
    returns(COUNTER)
    alerting.look(NOW)
    falls_silent(COUNTER, since=NOW)
    assert [alerting.look(NOW + n * MINUTE) for n in (1, 5)] == [0, 0]
    assert Alert.objects.get().closed_at is None


def test_a_network_that_wants_no_alerts_has_none(world: World) -> None:
    AlertRule.of(world.harbour).change(world.ada, 0, [])
    falls_silent(COUNTER)
    assert alerting.look(NOW) == 0


def test_asking_for_none_ends_an_open_one(world: World) -> None:
    falls_silent(COUNTER)
    alerting.look(NOW)
    AlertRule.of(world.harbour).change(world.ada, 0, [])
    assert [alerting.look(NOW + n * MINUTE) for n in (1, 2, 9)] == [0, 1, 0]


@pytest.mark.parametrize("seen", [NOW - 20 * MINUTE, None])
def test_one_that_is_offline_since_nobody_knows_when_is_told_of(world: World, seen: datetime | None) -> None:
    """A row from before ``offline_since`` was kept: its last sign of life counts, or its claim."""
    columns = {
        "link": Link.OFFLINE,
        "offline_since": None,
        "last_seen": seen,
        "claimed_at": NOW - 20 * MINUTE,
    }
    AccessPoint.objects.filter(serial=COUNTER).update(**columns)
    assert alerting.look(NOW - 6 * MINUTE) == 0
    assert alerting.look(NOW) == 1
    assert [alerting.look(NOW + n * MINUTE) for n in (1, 2)] == [0, 0]  # nor is it taken for back


def test_one_that_was_never_here_is_expected_and_not_missed(world: World) -> None:
    AccessPoint.objects.update(claimed_at=NOW - 999 * MINUTE)
    assert alerting.look(NOW) == 0


def test_our_own_work_is_excused_for_an_hour_and_no_longer(world: World) -> None:
    falls_silent(COUNTER, since=NOW)
    AccessPoint.objects.update(muted_until=NOW + 999 * MINUTE)
    assert [alerting.look(NOW + n * MINUTE) for n in (20, 59, 60)] == [0, 0, 1]


def test_a_thousand_that_are_excused_hide_nobody(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(alerting, "BATCH", 2)
    claim(world.ada, world.harbour, "\n".join(f"aa{n:010x}" for n in range(5)))
    AccessPoint.objects.of(world.cafe).update(link=Link.OFFLINE, offline_since=NOW - 20 * MINUTE)
    AccessPoint.objects.exclude(serial=f"aa{4:010x}").update(muted_until=NOW + MINUTE)
    assert alerting.look(NOW) == 1
    assert alerting.look(NOW + 2 * MINUTE) == 1  # the market's; the harbour's others join
    assert AccessPoint.objects.of(world.cafe).filter(alert=None).count() == 0


def test_who_comes_and_goes_is_one_alert_until_calm_for_a_minute(world: World) -> None:
    falls_silent(COUNTER)
    alerting.look(NOW)
    for minute in range(1, 30, 2):
        returns(COUNTER)
        alerting.look(NOW + minute * MINUTE)
        falls_silent(COUNTER, since=NOW + minute * MINUTE)
        alerting.look(NOW + (minute + 0.9) * MINUTE)
    assert [one["what"] for one in promised()] == ["opened"]


def test_nobody_is_told_while_the_live_store_is_away(world: World, monkeypatch: Any) -> None:
    falls_silent(COUNTER)
    away = RedisLiveStore.from_url(f"redis://127.0.0.1:{free_port()}/0")
    with monkeypatch.context() as patch:
        patch.setattr(alerting, "live_store", lambda: away)
        assert alerting.look(NOW) == 0
    assert alerting.look(NOW) == 1


def test_one_the_live_store_knows_to_be_back_is_not_told_of(world: World, door: Door) -> None:
    """Its ``connected`` is a fact that waits to be read."""
    now = clock.now()
    door.connect(COUNTER)
    falls_silent(COUNTER, WINDOW, since=now - 20 * MINUTE)
    alerting.look(now)
    assert Alert.objects.get().serials == [WINDOW]


def test_alerts_open_while_facts_come_in(world: World) -> None:
    """Both lock access points, in the order of their ids: neither fails."""
    claim(world.ada, world.harbour, "\n".join(f"aa{n:010x}" for n in range(50)))
    AccessPoint.objects.of(world.cafe).update(link=Link.OFFLINE, offline_since=NOW - 20 * MINUTE)
    serials = list(AccessPoint.objects.order_by("-serial").values_list("serial", flat=True))
    told = [Fact(fact_id(), "log", serial, NOW.timestamp(), 1, {"text": "x"}) for serial in serials]
    together(*[lambda: alerting.look(NOW), lambda: record(told)] * 3)
    assert Alert.objects.count() == 2
    assert AccessPoint.objects.of(world.cafe).filter(alert=None).count() == 0


def test_many_watchers_open_and_close_it_once(world: World) -> None:
    falls_silent(COUNTER, WINDOW)
    together(*[lambda: alerting.look(NOW)] * 4)
    assert Alert.objects.count() == 1
    returns(COUNTER, WINDOW)
    alerting.look(NOW)
    together(*[lambda: alerting.look(NOW + MINUTE)] * 4)
    assert [one["what"] for one in promised()] == ["opened", "closed"]


def test_everybody_at_once_waits_half_an_hour_longer(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(alerts, "MANY_ORGANISATIONS", 2)
    AccessPoint.objects.update(link=Link.OFFLINE, offline_since=NOW - 20 * MINUTE)
    assert alerting.look(NOW) == 0
    assert alerting.look(NOW + 25 * MINUTE) == 3


def statements(now: datetime) -> int:
    with CaptureQueriesContext(connection) as told:
        alerting.look(now)
    return len(told)


def test_a_look_costs_the_same_for_one_and_for_a_hundred(world: World) -> None:
    falls_silent(COUNTER)
    few = statements(NOW)
    claim(world.ada, world.market, "\n".join(f"aa{n:010x}" for n in range(100)))
    AccessPoint.objects.filter(alert=None).update(link=Link.OFFLINE, offline_since=NOW - 20 * MINUTE)
    assert statements(NOW) <= few
    assert AccessPoint.objects.filter(alert=None).count() == 0


def test_a_look_costs_the_same_for_a_thousand_networks(world: World) -> None:
    falls_silent(COUNTER)
    few = statements(NOW)
    plain = {"organisation": world.cafe, "country": "NL", "timezone": "Europe/Amsterdam"}
    Network.objects.bulk_create([Network(name=f"Place {n}", **plain) for n in range(1000)])
    places = Network.objects.filter(name__startswith="Place")
    silent = {"link": Link.OFFLINE, "offline_since": NOW - 20 * MINUTE}
    rows = [AccessPoint(network=place, serial=f"aa{n:010x}", **silent) for n, place in enumerate(places)]
    AccessPoint.objects.bulk_create(rows)
    assert statements(NOW) <= few
    assert Alert.objects.count() == 1001
    AccessPoint.objects.update(link=Link.ONLINE)
    closing = [statements(NOW + n * MINUTE) for n in (1, 2, 3, 4)]
    assert max(closing) <= few
    assert not Alert.objects.filter(closed_at=None).exists()
