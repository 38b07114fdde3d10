"""Windows by the clock on the wall, on every night of the year, everywhere."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from devices.rollouts.windows import Window, closes, is_open, last_start, may_start, may_start_next, opens

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
AMSTERDAM, NIGHT = "Europe/Amsterdam", (time(2), time(4))

thorough = settings(max_examples=400, deadline=None)

# Clocks are changed at night, and windows are at night.
times = st.builds(time, st.integers(0, 4) | st.integers(0, 23), st.integers(0, 59))
windows = st.builds(Window, times, times, st.sampled_from(ZONES))


@cache
def nights_of_change(zone: str, year: int) -> list[date]:
    """The days of a year on which the clocks there are changed."""
    place, first = ZoneInfo(zone), date(year, 1, 1)
    days = [first + n * DAY for n in range(366)]
    offsets = [datetime.combine(day, time(), place).utcoffset() for day in days]
    return [day for day, one, next in zip(days, offsets, offsets[1:], strict=False) if one != next]


@st.composite
def moments(draw: st.DrawFn, zone: str) -> datetime:
    """Any minute of many years, in UTC; most around a change of the clocks where there is one."""
    year = draw(st.integers(1995, 2045))
    nights = nights_of_change(zone, year)
    quiet = st.dates(date(year, 1, 1), date(year, 12, 31))
    day = draw(st.sampled_from(nights) | quiet if nights else quiet)
    return datetime.combine(day - DAY, time(12), UTC) + draw(st.integers(0, 2880)) * MINUTE


@st.composite
def cases(draw: st.DrawFn) -> tuple[Window, datetime]:
    window = draw(windows)
    return window, draw(moments(window.zone))


def wall(window: Window, at: datetime) -> time:
    return at.astimezone(ZoneInfo(window.zone)).time()


def minutes(now: datetime, holds) -> datetime:
    """The first minute from ``now`` of which ``holds`` is true, looked for one by one."""
    return next(at for at in (now + n * MINUTE for n in range(5 * 1440)) if holds(at))


@given(cases())
@thorough
def test_open_is_what_the_wall_shows(case):
    window, now = case
    shown, start, end = wall(window, now), window.start, window.end
    inside = start <= shown < end if start <= end else not end <= shown < start
    assert is_open(window, now) is (inside or start == end)


@given(cases())
@thorough
def test_it_opens_at_the_first_open_minute(case):
    window, now = case
    assert opens(window, now) == minutes(now, lambda at: is_open(window, at))


@given(cases())
@thorough
def test_it_closes_at_the_first_minute_that_is_not_open(case):
    window, now = case
    assume(window.start != window.end)
    now = opens(window, now)
    assert closes(window, now) == minutes(now, lambda at: not is_open(window, at))


@given(cases())
@thorough
def test_an_upgrade_may_start_when_it_stays_open_long_enough(case):
    window, now = case
    assume(window.start != window.end)
    long_enough = last_start(window) // MINUTE + 1
    stays = all(is_open(window, now + n * MINUTE) for n in range(long_enough))
    assert may_start(window, now) is stays


@given(cases())
@thorough
def test_the_next_start_is_the_first_minute_at_which_one_may_start(case):
    window, now = case
    assert may_start_next(window, now) == minutes(now, lambda at: may_start(window, at))


@given(cases(), st.sampled_from(ZONES))
@thorough
def test_it_does_not_matter_in_which_zone_the_moment_is_told(case, elsewhere):
    window, now = case
    told = now.astimezone(ZoneInfo(elsewhere))
    assert opens(window, told) == opens(window, now)
    assert may_start(window, told) == may_start(window, now)
    assert may_start_next(window, told) == may_start_next(window, now)
    assert not is_open(window, now) or closes(window, told) == closes(window, now)


@given(cases())
@thorough
def test_the_answers_are_in_utc(case):
    window, now = case
    now = now.astimezone(ZoneInfo(window.zone))
    assert {opens(window, now).tzinfo, may_start_next(window, now).tzinfo} == {UTC}


@given(st.builds(lambda at, zone: Window(at, at, zone), times, st.sampled_from(ZONES)), st.datetimes())
@thorough
def test_equal_times_mean_always(window, now):
    now = now.replace(year=2026, tzinfo=UTC)
    assert is_open(window, now)
    assert may_start(window, now)
    assert closes(window, now) is None
    assert opens(window, now) == may_start_next(window, now) == now


def test_over_midnight():
    window = Window(time(23), time(5), AMSTERDAM)
    assert opens(window, datetime(2026, 1, 10, 12, tzinfo=UTC)) == datetime(2026, 1, 10, 22, tzinfo=UTC)
    assert is_open(window, datetime(2026, 1, 10, 23, 30, tzinfo=UTC))
    assert closes(window, datetime(2026, 1, 10, 23, 30, tzinfo=UTC)) == datetime(2026, 1, 11, 4, tzinfo=UTC)


def test_in_spring_a_window_loses_the_skipped_hour():
    window, noon = Window(*NIGHT, AMSTERDAM), datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert opens(window, noon) == datetime(2026, 3, 29, 1, tzinfo=UTC)  # the wall jumps from 2 to 3
    assert closes(window, opens(window, noon)) == datetime(2026, 3, 29, 2, tzinfo=UTC)


def test_in_autumn_a_window_gains_the_hour_that_comes_twice():
    window, noon = Window(*NIGHT, AMSTERDAM), datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert opens(window, noon) == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert closes(window, opens(window, noon)) == datetime(2026, 10, 25, 3, tzinfo=UTC)


def test_a_window_wholly_inside_the_skipped_hour_opens_the_next_day():
    window, noon = Window(time(2, 10), time(2, 50), AMSTERDAM), datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert opens(window, noon) == datetime(2026, 3, 30, 0, 10, tzinfo=UTC)


def test_a_window_inside_the_hour_that_comes_twice_opens_twice():
    window, noon = Window(time(2, 10), time(2, 50), AMSTERDAM), datetime(2026, 10, 24, 12, tzinfo=UTC)
    first = opens(window, noon)
    again = opens(window, closes(window, first))
    assert (first, again) == (
        datetime(2026, 10, 25, 0, 10, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 10, tzinfo=UTC),
    )


def test_lord_howe_shifts_by_half_an_hour():
    window = Window(time(1, 45), time(2, 15), "Australia/Lord_Howe")  # in October 2:00 becomes 2:30
    first = opens(window, datetime(2026, 10, 3, 0, tzinfo=UTC))
    assert first == datetime(2026, 10, 3, 15, 15, tzinfo=UTC)
    assert closes(window, first) - first == 15 * MINUTE


def test_apia_skipped_a_whole_day():
    window = Window(*NIGHT, "Pacific/Apia")  # no 30 December 2011
    first = opens(window, datetime(2011, 12, 29, 0, tzinfo=UTC))
    assert opens(window, closes(window, first)) - first == DAY
    shown = opens(window, closes(window, first)).astimezone(ZoneInfo("Pacific/Apia"))
    assert shown.date() == date(2011, 12, 31)


def test_what_spring_leaves_of_a_window_may_be_too_short_to_start_in():
    window, noon = Window(time(2), time(3, 5), AMSTERDAM), datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert opens(window, noon) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert may_start_next(window, noon) == datetime(2026, 3, 30, 0, tzinfo=UTC)


@pytest.mark.parametrize(("end", "seconds"), [(time(6), 600), (time(2, 40), 600), (time(2, 20), 300)])
def test_none_starts_right_before_the_end(end, seconds):
    window = Window(time(2), end, "UTC")
    assert last_start(window) == timedelta(seconds=seconds)
    at_the_end = datetime.combine(date(2026, 5, 1), end, UTC) - last_start(window)
    assert not may_start(window, at_the_end)
    assert may_start(window, at_the_end - MINUTE)
