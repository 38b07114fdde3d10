"""Which backups are kept, whatever was made when."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from devices.backups.retention import Retention, kept

FIRST, LAST = datetime(2024, 1, 1), datetime(2027, 1, 1)  # noqa: DTZ001 - hypothesis wants them naive
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
retentions = st.builds(Retention, *[st.integers(0, 12)] * 3)


@given(st.lists(moments), retentions)
def test_few_are_kept_the_newest_always_and_never_what_was_not_there(
    times: list[datetime], retention: Retention
) -> None:
    keep = kept(times, retention)
    assert keep <= set(times)
    assert len(keep) <= retention.daily + retention.weekly + retention.monthly + 1
    assert not times or max(times) in keep


@given(st.lists(moments), retentions)
def test_letting_go_twice_lets_go_of_no_more(times: list[datetime], retention: Retention) -> None:
    keep = kept(times, retention)
    assert kept(keep, retention) == keep


@given(st.lists(moments, min_size=1), retentions, moments)
def test_one_more_pushes_out_no_more_than_three(
    times: list[datetime], retention: Retention, more: datetime
) -> None:
    """One of the days, one of the weeks, one of the months; and what was kept as the newest alone."""
    gone = kept(times, retention) - kept([*times, more], retention)
    assert len(gone) <= 4


def test_a_year_of_nights() -> None:
    nights = [datetime(2026, 12, 31, 1, tzinfo=UTC) - timedelta(days=n) for n in range(730)]
    keep = kept(nights, Retention(7, 5, 12))
    assert {f"{at:%m-%d}" for at in keep if at.month == 12} >= {"12-31", "12-25", "12-20", "12-13", "12-06"}
    assert {f"{at:%m-%d}" for at in keep if at.month < 12} >= {"11-30", "10-31", "02-28", "01-31"}
    assert min(keep) == datetime(2026, 1, 31, 1, tzinfo=UTC)


def test_a_month_without_any_does_not_use_up_what_is_left() -> None:
    old = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 10)]
    assert len(kept([*old, datetime(2026, 9, 1, tzinfo=UTC)], Retention(3, 0, 0))) == 3


def test_the_last_of_a_day_is_kept_and_not_the_first() -> None:
    morning, evening = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (6, 18))
    assert kept([morning, evening], Retention(1, 1, 1)) == {evening}
