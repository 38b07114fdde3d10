"""Time online, out of a log that may be late, doubled, out of order or incomplete."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from devices.reporting.availability import KINDS, NONE, Change, Online, time_online

START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

moments = st.integers(-100, 1000).map(lambda hours: START + hours * HOUR)
logs = st.lists(st.builds(Change, moments, st.sampled_from(KINDS), st.just(0)), max_size=30)


def month(*changes: Change, before: bool = True) -> Online:
    return time_online(before, changes, START, END)


def test_nothing_happened() -> None:
    assert month().percent == 100
    assert month(before=False).percent == 0
    assert month(before=False).outages == 1


def test_an_outage() -> None:
    told = month(Change(START + 2 * HOUR, "silent"), Change(START + 5 * HOUR, "heard"))
    assert (told.watched - told.online, told.outages, told.longest) == (3 * HOUR, 1, 3 * HOUR)


def test_a_reconnection_is_no_outage() -> None:
    told = month(
        Change(START + HOUR, "disconnected", 1), Change(START + HOUR + timedelta(seconds=9), "connected", 2)
    )
    assert told.outages == 0
    assert told.watched - told.online == timedelta(seconds=9)


def test_the_end_of_a_replaced_connection_changes_nothing() -> None:
    told = month(Change(START + HOUR, "connected", 7), Change(START + 2 * HOUR, "disconnected", 6))
    assert told.percent == 100


def test_a_month_that_is_not_over_yet_is_watched_so_far() -> None:
    assert time_online(True, [], START, START + HOUR).watched == HOUR
    assert time_online(True, [], START, START).percent is None


@given(st.booleans(), logs)
def test_online_is_part_of_the_time_watched(before: bool, log: list[Change]) -> None:
    told = month(*log, before=before)
    assert NONE <= told.online <= told.watched == END - START
    assert told.longest <= told.watched - told.online
    assert 0 <= (told.percent or 0) <= 100


@given(st.booleans(), logs, st.randoms())
def test_neither_order_nor_repetition_matters(before: bool, log: list[Change], random: object) -> None:
    """Of changes at different moments; at the same moment nobody can say which came first."""
    once = list({change.at: change for change in log}.values())
    shuffled = once * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert month(*shuffled, before=before) == month(*once, before=before)


@given(st.booleans(), logs, st.integers(1, 700))
def test_two_halves_make_the_whole(before: bool, log: list[Change], hours: int) -> None:
    middle = START + hours * HOUR
    log = list({change.at: change for change in log if change.at != middle}.values())
    earlier = [change for change in sorted(log, key=lambda one: one.at) if change.at < middle]
    between = earlier[-1].kind in ("connected", "heard") if earlier else before
    halves = time_online(before, log, START, middle) + time_online(between, log, middle, END)
    assert halves.online == month(*log, before=before).online


@given(logs)
def test_online_and_offline_are_each_others_rest(log: list[Change]) -> None:
    """Every coming turned into a going, and the other way round."""
    other = {"connected": "disconnected", "disconnected": "connected", "silent": "heard", "heard": "silent"}
    log = list({change.at: change for change in log}.values())
    turned = [Change(change.at, other[change.kind]) for change in log]
    assert month(*log).online + month(*turned, before=False).online == END - START
