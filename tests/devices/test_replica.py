"""What may be old is read from the replica, own writes are seen, and a replica that fails is not missed."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError, ProgrammingError, connections, transaction
from django.urls import reverse
from django.utils import timezone as clock
from prometheus_client import REGISTRY

from devices import replica, replica_health, storage
from devices.models import Heartbeat, Report
from devices.replica import is_write, reads, streamed, watching_writes
from devices.replica_health import BELIEVED, RECHECK, RETRY, Health, NoHeartbeat, Why
from devices.reporting.building import build
from tests.devices.twins import LIMIT, Ticks, Twins, twins

SHORT = replica_health._SHORT


@pytest.fixture(scope="module")
def pair(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Twins]:
    with django_db_blocker.unblock(), twins() as both:
        yield both


@pytest.fixture
def apart(pair: Twins, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twins]:
    """The primary says New, the replica Old."""
    monkeypatch.setattr(replica, "HEALTH", replica.HEALTH)
    pair.rename("Old")
    pair.both()
    pair.part()
    pair.rename("New")
    yield pair
    if pair.replica.process is None:
        pair.replica.start()


def fallbacks(why: Why) -> float:
    return REGISTRY.get_sample_value("aerie_replica_fallbacks_total", {"why": why.value}) or 0.0


def test_only_what_says_so_is_read_from_the_replica(apart: Twins) -> None:
    with reads():
        assert apart.name() == "Old"
    assert apart.name() == "New"
    assert reads()(apart.name)() == "Old"


def test_inside_a_transaction_the_primary_is_read(apart: Twins) -> None:
    with reads(), transaction.atomic():
        assert apart.name() == "New"


def test_a_job_reads_what_it_wrote(apart: Twins) -> None:
    with watching_writes(), reads():
        assert apart.name() == "Old"
        apart.rename("Newer")
        assert apart.name() == "Newer"


def test_a_long_transaction_is_read_after_it_ended(apart: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    with watching_writes():
        with transaction.atomic():
            apart.rename("Newer")
            later = time.monotonic() + 3600
            monkeypatch.setattr(time, "monotonic", lambda: later)
        with reads():
            assert apart.name() == "Newer"


@pytest.mark.parametrize("where", ["replica", "primary"])
def test_nothing_is_written_through_it_even_if_it_is_the_primary(
    apart: Twins, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == "primary":
        monkeypatch.setitem(connections["replica"].settings_dict, "PORT", apart.primary.port)
        connections["replica"].close()
    counter = type(apart.world.counter).objects.using("replica")
    with pytest.raises(OperationalError, match=r"READ ONLY|read-only"):
        counter.update(name="Written")
    connections["replica"].close()
    assert apart.name() == "New"


def test_an_error_of_the_primary_is_not_taken_for_the_replicas(apart: Twins) -> None:
    calls = []

    @reads()
    def broken() -> None:
        calls.append(apart.name())
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    with pytest.raises(ProgrammingError):
        broken()
    assert calls == ["Old"]
    assert replica.HEALTH.why_not() is None


def test_a_report_is_counted_there_whatever_its_job_notes_meanwhile(apart: Twins) -> None:
    with watching_writes():
        report = Report.promise(apart.world.cafe, clock.now().date())
        build(report, lambda: None, clock.now())
    with storage.read(report.csv) as table:
        assert b",Old," in table.read()


def test_rows_that_are_read_later_are_read_there_too(apart: Twins) -> None:
    assert list(streamed(lambda: (apart.name() for _ in range(3)))) == ["Old"] * 3


def test_a_row_from_the_replica_is_saved_to_the_primary(apart: Twins) -> None:
    with reads():
        counter = type(apart.world.counter).objects.get(pk=apart.world.counter.pk)
    counter.model = "eap101"
    counter.save(update_fields=["model"])
    assert type(counter).objects.filter(model="eap101", pk=counter.pk).exists()


def test_a_replica_that_lags_is_not_read(apart: Twins) -> None:
    apart.both()
    Heartbeat.objects.update(at=clock.now() - timedelta(seconds=LIMIT + 1))
    apart.replica.catch_up(apart.primary)
    apart.part()
    replica.beat()
    apart.ask_again()
    before = fallbacks(Why.LAGGING)
    with reads():
        assert apart.name() == "New"
        assert apart.name() == "New"
    assert fallbacks(Why.LAGGING) == before + 1
    assert LIMIT < (replica.HEALTH.lag or 0) < 2 * LIMIT


def test_a_replica_without_a_heartbeat_is_not_read(apart: Twins) -> None:
    apart.both()
    Heartbeat.objects.all().delete()
    apart.replica.catch_up(apart.primary)
    apart.ask_again()
    assert reads()(apart.name)() == "New"
    assert replica.HEALTH.why_not() is Why.EMPTY


def test_a_dead_replica_is_not_missed_and_read_again_when_it_is_back(apart: Twins) -> None:
    apart.replica.kill()
    apart.ask_again()
    assert reads()(apart.name)() == "New"
    assert replica.HEALTH.why_not() is Why.DEAD
    apart.replica.start()
    assert reads()(apart.name)() == "New"
    apart.ticks.now += RETRY
    apart.replica.catch_up(apart.primary)  # a server that starts follows again by itself
    assert reads()(apart.name)() == "New"
    assert replica.HEALTH.why_not() is None


def test_a_frozen_replica_costs_a_moment_and_no_more(apart: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica_health, "_SHORT", SHORT)
    frozen = apart.replica.process
    assert frozen is not None
    frozen.send_signal(signal.SIGSTOP)
    try:
        apart.ask_again()
        began = time.monotonic()
        assert [reads()(apart.name)() for _ in range(20)] == ["New"] * 20
        assert time.monotonic() - began < 15  # if each waited on its own, it would be more than 20
        assert replica.HEALTH.why_not() is Why.DEAD
    finally:
        frozen.send_signal(signal.SIGCONT)


def test_a_replica_that_refuses_us_is_not_read(apart: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections["replica"].settings_dict, "PASSWORD", "wrong")
    apart.ask_again()
    assert reads()(apart.name)() == "New"
    assert replica.HEALTH.why_not() is Why.DEAD


def test_a_read_whose_replica_dies_under_it_runs_again_on_the_primary(apart: Twins) -> None:
    seen: list[str] = []

    @reads()
    def twice() -> str:
        seen.append(apart.name())
        apart.replica.kill()
        return apart.name()

    before = fallbacks(Why.BROKE)
    assert twice() == "New"
    assert seen == ["Old", "New"]
    assert fallbacks(Why.BROKE) == before + 1


def test_a_stream_whose_replica_dies_before_its_first_row_begins_again(apart: Twins) -> None:
    with reads():
        assert apart.name() == "Old"
    apart.replica.kill()
    assert list(streamed(lambda: (apart.name() for _ in range(2)))) == ["New", "New"]


def test_a_block_whose_replica_dies_fails_once_and_not_again(apart: Twins) -> None:
    def block() -> None:
        with reads():
            apart.name()
            apart.replica.kill()
            apart.name()

    with pytest.raises(OperationalError):
        block()
    with reads():
        assert apart.name() == "New"


def test_an_error_of_the_work_itself_is_not_taken_for_the_replicas(apart: Twins) -> None:
    calls = []

    @reads()
    def broken() -> None:
        calls.append(apart.name())
        raise ValueError

    with pytest.raises(ValueError):
        broken()
    assert calls == ["Old"]
    assert replica.HEALTH.why_not() is None


def exported(apart: Twins, browser: object) -> str:
    address = reverse("access_points_csv", args=["cafe-lento", apart.world.harbour.pk])
    return b"".join(browser.get(address).streaming_content).decode()


def test_an_export_may_be_old_but_never_for_who_just_changed_something(apart: Twins) -> None:
    ada, bo = (apart.world.browser(user) for user in (apart.world.ada, apart.world.bo))
    assert "Old" in exported(apart, bo)
    address = reverse("rename", args=["cafe-lento", apart.world.counter.serial])
    cookie = ada.post(address, {"name": "Newest"}).cookies["aerie_wrote"]
    assert (cookie["httponly"], cookie["max-age"]) == (True, 9)
    assert "Newest" in exported(apart, ada)
    assert "Old" in exported(apart, bo)


def test_a_page_that_only_reads_marks_nobody(apart: Twins) -> None:
    browser = apart.world.browser(apart.world.vi)
    browser.get(reverse("dashboard", args=["cafe-lento"]))
    assert "aerie_wrote" not in browser.cookies


def test_the_mark_of_a_write_ends(apart: Twins) -> None:
    ada = apart.world.browser(apart.world.ada)
    address = reverse("rename", args=["cafe-lento", apart.world.counter.serial])
    with time_machine.travel(clock.now() - timedelta(seconds=11)):
        ada.post(address, {"name": "Newest"})
    ada.cookies["aerie_wrote"]["max-age"] = 3600
    assert "Old" in exported(apart, ada)


def test_the_mark_of_a_write_lasts_as_long_as_a_fit_replica_may_be_behind(apart: Twins) -> None:
    """Also when it was signed at the end of a second, by whose clock is a second slow."""
    ada, bo = (apart.world.browser(user) for user in (apart.world.ada, apart.world.bo))
    assert "Old" in exported(apart, bo)
    address = reverse("rename", args=["cafe-lento", apart.world.counter.serial])
    now = clock.now().replace(microsecond=0)
    with time_machine.travel(now - timedelta(seconds=1, milliseconds=10), tick=False):
        ada.post(address, {"name": "Newest"})
    with time_machine.travel(now + timedelta(seconds=5 + BELIEVED, milliseconds=-10), tick=False):
        assert "Newest" in exported(apart, ada)
        assert "Old" in exported(apart, bo)


# --- health, without a server ---------------------------------------------------------------------


def test_a_dead_replica_is_asked_once_in_a_while() -> None:
    ticks, asked = Ticks(), []

    def dead() -> float:
        asked.append(ticks.now)
        raise OperationalError(2002, "gone")

    health = Health(dead, 5, ticks)
    for _ in range(100):
        assert health.why_not() is Why.DEAD
        ticks.now += RETRY / 50
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("lag", "why"), [(0.0, None), (5.0, None), (5.1, Why.LAGGING)], ids=["fresh", "just", "late"]
)
def test_the_limit_of_the_lag(lag: float, why: Why | None) -> None:
    assert Health(lambda: lag, 5, Ticks()).why_not() is why


def test_a_lagging_replica_is_soon_asked_again() -> None:
    lags, ticks = iter([9.0, 0.1]), Ticks()
    health = Health(lambda: next(lags), 5, ticks)
    assert health.why_not() is Why.LAGGING
    ticks.now += RECHECK
    assert health.why_not() is None


def test_while_one_asks_the_others_do_not_wait() -> None:
    health: Health

    def meanwhile() -> float:
        assert health.why_not() is Why.UNKNOWN
        raise NoHeartbeat

    health = Health(meanwhile, 5, Ticks())
    assert health.why_not() is Why.EMPTY


def test_an_old_answer_is_not_believed_while_somebody_asks_again() -> None:
    ticks, told = Ticks(), []
    health: Health

    def meanwhile() -> float:
        told.append(health.why_not())
        return 0.0

    health = Health(meanwhile, 5, ticks)
    for seconds in (0.0, RECHECK, BELIEVED + 0.1):
        ticks.now += seconds
        assert health.why_not() is None
    assert told == [Why.UNKNOWN, None, Why.UNKNOWN]


@pytest.mark.parametrize(
    ("sql", "write"),
    [
        ("SELECT 1", False),
        ("SELECT `update` FROM `t`", False),
        ("INSERT INTO `devices_network` VALUES (1)", True),
        ("INSERT IGNORE INTO `devices_task` (`a`) VALUES (1)", False),
        (" update `devices_network` SET `a` = 1", True),
        ("UPDATE `django_session` SET `a` = 1", False),
        ("DELETE FROM `cache` WHERE 1", False),
        ('REPLACE INTO "devices_event" VALUES (1)', True),
        ("SAVEPOINT `x`", False),
    ],
)
def test_what_is_a_write(sql: str, write: bool) -> None:
    assert is_write(sql) is write
