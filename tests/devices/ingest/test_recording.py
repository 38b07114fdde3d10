"""Facts become rows: once, in constant statements, whatever is among them."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from rq.timeouts import JobTimeoutException
from structlog.testing import capture_logs

from devices.claiming import claim
from devices.ingest import recording
from devices.ingest.recording import record
from devices.models import AccessPoint, Command, Configuration, Event, Task
from devices.models.command import CommandKind
from devices.publishing import publish_network
from outpost.store.contract import Fact, fact_id
from tests.devices.door import CAPABILITIES, Door, arrival
from tests.devices.together import together
from tests.world import COUNTER, LOBBY, WINDOW, World

pytestmark = pytest.mark.django_db(transaction=True)
NOON = 1_800_000_000.0


def fact(kind: Any, serial: str = COUNTER, at: float = NOON, session: int = 5, **data: Any) -> Fact:
    return Fact(fact_id(), kind, serial, at, session, data)


def counter() -> AccessPoint:
    return AccessPoint.objects.select_related("configuration").get(serial=COUNTER)


def test_connecting_fills_the_row(world: World) -> None:
    record([fact("connected", **arrival(uuid=3))])
    row = counter()
    assert (row.link, row.model, row.firmware) == ("online", "EdgeCore EAP101", "OpenWrt 25.12 / TIP-v4.2.0")
    assert row.capabilities == CAPABILITIES
    assert row.configuration.reported_uuid == 3
    assert [event.kind for event in row.events.all()] == ["connected"]


def test_recorded_twice_is_recorded_once(world: World) -> None:
    facts = [fact("connected", **arrival()), fact("applied", uuid=9, rejected=["x"]), fact("disconnected")]
    first = record(facts)
    events, row = Event.objects.count(), counter().configuration.__dict__ | {"_state": 0}
    assert record(facts) == first
    assert (Event.objects.count(), counter().configuration.__dict__ | {"_state": 0}) == (events, row)


def test_nobodys_facts_leave_no_trace(world: World) -> None:
    outcome = record([fact("connected", serial="ffffffffffff", **arrival())])
    assert (outcome.kept, outcome.unclaimed) == (0, 1)
    assert not Event.objects.exists()


def test_an_access_point_given_up_meanwhile(world: World) -> None:
    world.counter.release(world.ada)
    assert record([fact("applied", uuid=9), fact("applied", serial=WINDOW, uuid=9)]).kept == 1


POISON = [
    fact("connected", uuid="seven"),
    fact("connected", uuid=-1),
    fact("connected", uuid=1, capabilities=["a list"]),
    fact("connected", uuid=1, capabilities={"x": "y" * 30_000}),
    fact("applied", uuid=9, rejected="a text"),
    fact("applied", uuid=9, at=float("nan")),
    fact("applied", uuid=9, session=2**70),
    fact("event", type=7),
    fact("log", text="\ud800"),
    fact("command_done", command="reboot"),
    fact("teleported"),
    Fact("x" * 65, "log", COUNTER, NOON, 5, {"text": "its id is too long"}),
]


@pytest.mark.parametrize("poison", POISON, ids=lambda one: f"{one.kind}-{POISON.index(one)}")
def test_poison_is_skipped_and_the_rest_is_kept(world: World, poison: Fact) -> None:
    with capture_logs() as logs:
        outcome = record([poison, fact("applied", uuid=9)])
    assert (outcome.poisoned, outcome.kept) == (1, 1)
    assert counter().configuration.applied_uuid == 9
    assert COUNTER not in str(logs)


def test_what_only_mysql_refuses_is_found_by_halving(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    merge = recording.merge

    def spoil(access_point: AccessPoint, row: Configuration, news: Any) -> None:
        merge(access_point, row, news)
        if getattr(news.content, "uuid", 0) == 13:
            access_point.firmware = "x" * 999  # a column too short for it

    monkeypatch.setattr(recording, "merge", spoil)
    outcome = record([fact("applied", uuid=uuid) for uuid in (11, 12, 13, 14, 15)])
    assert (outcome.poisoned, outcome.kept) == (1, 4)
    assert counter().configuration.applied_uuid == 15


def test_telling_something_new_asks_for_a_publication(world: World) -> None:
    Task.objects.all().delete()
    record([fact("connected", **arrival()), fact("connected", serial=LOBBY, **arrival())])
    assert Task.objects.get().payload == {"access_points": [world.counter.pk, world.lobby.pk]}


def test_telling_the_same_again_does_not(world: World) -> None:
    record([fact("connected", **arrival())])
    Task.objects.all().delete()
    record([fact("connected", session=6, at=NOON + 60, **arrival())])
    assert not Task.objects.exists()


def test_a_number_above_ours_asks_for_a_publication(world: World, door: Door) -> None:
    door.connect(COUNTER)
    sum(publish_network(world.harbour.pk))
    Task.objects.all().delete()
    record([fact("connected", session=2**52, **arrival(uuid=2_000_000_000))])
    assert Task.objects.get().payload == {"access_points": [world.counter.pk]}


def test_quoted_secrets_are_masked(world: World) -> None:
    words = ['"key": "espresso doppio" is too weak', "ristretto lungo is not ours"]
    record([fact("applied", uuid=9, rejected=words), fact("log", text="psk espresso doppio", severity=3)])
    kept = [*counter().configuration.rejected, *(str(event.data) for event in Event.objects.all())]
    assert "espresso doppio" not in str(kept)
    assert kept[:2] == ['"key": "••••" is too weak', words[1]]


def test_what_an_access_point_notes_is_its_log(world: World) -> None:
    record(
        [
            fact("event", type="client.join", payload={"client": "aa:bb:cc:00:11:22"}, at=NOON - 3600),
            fact("log", at=NOON + 1, text="hostapd died", severity=3),
            fact("health", at=NOON + 2, sanity=40, data={"memory": 99}),
        ]
    )
    kinds = list(Event.objects.order_by("at").values_list("kind", flat=True))
    assert kinds == ["client.join", "log", "health"]


def test_an_old_event_keeps_its_own_time(world: World) -> None:
    told = {"type": "client.leave", "payload": None, "at": NOON - 3600}
    record([Fact("f1", "event", COUNTER, NOON, 5, told)])
    assert Event.objects.get().at.timestamp() == NOON - 3600


def test_commands_get_their_verdict(world: World) -> None:
    command = Command.ask(world.ada, world.counter, CommandKind.REBOOT)
    record([fact("command_sent", command=command.pk), fact("command_done", command=command.pk, at=NOON + 1)])
    command.refresh_from_db()
    assert (command.state, command.sent_at is not None, command.ended) == ("done", True, True)


def test_a_scan_keeps_what_it_found(world: World) -> None:
    command = Command.ask(world.ada, world.counter, CommandKind.WIFISCAN)
    found = {"bssid": "00:1a:2b:00:00:01", "ssid": "Bakery", "channel": 6, "frequency": 2437, "signal": -60}
    record([fact("command_done", command=command.pk, result={"error": 0, "scan": [found, "nonsense"]})])
    command.refresh_from_db()
    (kept,) = command.result
    assert (kept["ssid"], kept["band"], kept["signal"]) == ("Bakery", "2G", -60)


def test_a_restart_of_ours_mutes_it_for_ten_minutes(world: World) -> None:
    command = Command.ask(world.ada, world.counter, CommandKind.REBOOT)
    told = [fact("command_sent", command=command.pk)]
    for _ in range(2):
        record(told)
        assert counter().muted_until == datetime.fromtimestamp(NOON + 600, UTC)


def test_the_log_says_which_command_and_is_silent_on_silence(world: World) -> None:
    kick = Command.ask(world.ada, world.counter, CommandKind.KICK, {"mac": "02:00:00:00:00:01"})
    reboot = Command.ask(world.ada, world.counter, CommandKind.REBOOT)
    for command in (kick, reboot):
        record([fact("command_sent", command=command.pk)])
        record([fact("command_failed", command=command.pk, text="", result=None, unanswered=True)])
    told = [(event.kind, event.data["kind"]) for event in counter().events.order_by("pk")]
    assert told == [("command.done", "kick"), ("command.failed", "reboot")]


def test_another_access_point_cannot_answer_a_command(world: World) -> None:
    command = Command.ask(world.ada, world.counter, CommandKind.REBOOT)
    record([fact("command_done", serial=LOBBY, command=command.pk)])
    command.refresh_from_db()
    assert command.state == "queued"


def statements(facts: list[Fact]) -> int:
    with CaptureQueriesContext(connection) as queries:
        record(facts)
    return len(queries)


def test_statements_do_not_grow_with_the_batch(world: World) -> None:
    one = [fact("connected", **arrival()), fact("applied", uuid=9, rejected=["no"])]
    many = [again for serial in (WINDOW, LOBBY) for again in _about(serial)] * 20
    few, more = statements(one), statements(many)
    assert more <= few
    assert few <= 15


def _about(serial: str) -> list[Fact]:
    return [fact("connected", serial, **arrival()), fact("applied", serial, uuid=9, rejected=["no"])]


def test_facts_known_already_write_nothing(world: World) -> None:
    facts = [fact("connected", **arrival()), fact("pushed", uuid=9)]
    record(facts)
    with CaptureQueriesContext(connection) as queries:
        record(facts)
    written = [one["sql"] for one in queries if one["sql"].startswith(("UPDATE", "INSERT", "REPLACE"))]
    assert all("devices_event" in sql for sql in written)


def test_a_deadlock_runs_the_transaction_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    save, falls = recording._Batch.save, iter([True, True])

    def deadlock(batch: Any) -> None:
        save(batch)
        if next(falls, False):
            raise OperationalError(1213, "Deadlock found when trying to get lock")

    monkeypatch.setattr(recording._Batch, "save", deadlock)
    assert record([fact("applied", uuid=9)]).kept == 1
    assert Event.objects.count() == 1


def test_the_largest_batch_is_cut_to_fit_packets(world: World) -> None:
    """500 access points, each telling all it may: too much for one statement."""
    claim(world.ada, world.harbour, "\n".join(f"aa{n:010x}" for n in range(recording.BATCH)))
    told = arrival(wifi={"x": '"' * 9_500})
    assert record(fact("connected", f"aa{n:010x}", **told) for n in range(recording.BATCH)).kept == 500


def test_a_database_that_is_away_is_no_poison(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(batch: Any) -> None:
        raise OperationalError(2006, "MySQL server has gone away")

    monkeypatch.setattr(recording._Batch, "save", gone)
    with pytest.raises(OperationalError):
        record([fact("applied", uuid=9)])


def test_a_job_out_of_time_is_no_poison(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """rq's alarm rings wherever the worker happens to be, in MySQL most likely."""

    def frozen(batch: Any) -> None:
        raise JobTimeoutException

    monkeypatch.setattr(recording._Batch, "save", frozen)
    with pytest.raises(JobTimeoutException):
        record([fact("applied", uuid=9)])


def test_several_at_once_lose_nothing(world: World) -> None:
    """Consumers with overlapping facts, while the network is published: locks are met and outlived."""
    serials = (COUNTER, WINDOW, LOBBY)
    facts = [fact("applied", serial, NOON + n, uuid=n) for n in range(1, 41) for serial in serials]

    def consume(order: int) -> None:
        for start in range(0, len(facts), 10):
            record(facts[start : start + 10][::order])
            list(publish_network(world.harbour.pk))

    together(*(partial(consume, order) for order in (1, -1, 1)))
    assert set(Configuration.objects.exclude(applied_uuid=0).values_list("applied_uuid", flat=True)) == {40}
    assert Event.objects.count() == len(facts)
