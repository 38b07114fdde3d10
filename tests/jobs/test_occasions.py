"""The calendar: no occasion missed, none doubled, none of the time before it was first looked at."""

import calendar
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from devices.models import Task
from jobs import occasions
from jobs.dispatch import KINDS
from jobs.models import Occasion
from jobs.recurrence import Daily, Monthly, Recurrence, Weekly
from jobs.schedule import CALENDAR, Appointment
from tests.devices.together import together

NIGHTLY = Appointment("nightly", Daily(time(2, 30)), "prune")
MOMENT = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
recurrences = st.one_of(
    st.builds(Daily, st.times()),
    st.builds(Weekly, st.integers(0, 6), st.times()),
    st.builds(Monthly, st.integers(1, 28), st.times()),
)
moments = st.integers(1_577_836_800, 2_208_988_800).map(lambda unix: datetime.fromtimestamp(unix, UTC))


@given(recurrences, moments)
def test_the_latest_is_not_ahead_and_less_than_a_period_ago(when: Recurrence, now: datetime) -> None:
    latest = when.latest(now)
    assert latest <= now < latest + timedelta(days=31)
    assert when.latest(latest) == latest
    assert when.latest(latest - timedelta(microseconds=1)) < latest


def test_what_it_says_of_known_days() -> None:
    assert Daily(time(2, 30)).latest(MOMENT) == datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
    assert Weekly(calendar.MONDAY, time(7)).latest(MOMENT) == datetime(2026, 3, 9, 7, tzinfo=UTC)
    assert Monthly(11, time(4)).latest(MOMENT) == datetime(2026, 2, 11, 4, tzinfo=UTC)
    with pytest.raises(ValueError, match="day 29"):
        Monthly(29, time(4))


def test_every_appointment_is_of_a_known_kind_under_its_own_name() -> None:
    assert {one.kind for one in CALENDAR} <= set(KINDS)
    assert len({one.name for one in CALENDAR}) == len(CALENDAR)
    assert all(len(one.name) <= 40 for one in CALENDAR)


@pytest.fixture
def installed(db: None) -> None:
    assert occasions.look([NIGHTLY], MOMENT) == 0


def test_nothing_of_the_time_before_it_was_installed(installed: None) -> None:
    assert not Task.objects.exists()


def test_the_next_occasion_comes_once(installed: None) -> None:
    came = [occasions.look([NIGHTLY], MOMENT + DAY * n / 4) for n in range(5)]
    assert came == [0, 0, 0, 1, 0]
    assert Task.objects.get().key == "entry:nightly:2026-03-11T02:30"


def test_after_an_outage_the_latest_is_caught_up_alone(installed: None) -> None:
    assert occasions.look([NIGHTLY], MOMENT + 5 * DAY) == 1
    assert Task.objects.get().payload == {"at": "2026-03-15T02:30:00+00:00"}


def test_done_it_does_not_come_again(installed: None) -> None:
    occasions.look([NIGHTLY], MOMENT + DAY)
    Task.objects.all().delete()
    assert occasions.look([NIGHTLY], MOMENT + DAY) == 0


def test_moved_to_an_earlier_time_of_day_it_does_not_come_twice(installed: None) -> None:
    occasions.look([NIGHTLY], MOMENT + DAY)
    assert occasions.look([Appointment("nightly", Daily(time(1)), "prune")], MOMENT + DAY) == 0


def test_killed_before_the_commit_it_comes_at_the_next_look(installed: None) -> None:
    with transaction.atomic():
        occasions.look([NIGHTLY], MOMENT + DAY)
        transaction.set_rollback(True)
    assert occasions.look([NIGHTLY], MOMENT + DAY) == 1


def test_looking_costs_one_statement(installed: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        occasions.look([NIGHTLY], MOMENT)
    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_of_several_that_look_at_once_one_takes_it() -> None:
    occasions.look([NIGHTLY], MOMENT)
    came: list[int] = []
    together(*[lambda: came.append(occasions.look([NIGHTLY], MOMENT + DAY)) for _ in range(4)])
    assert sorted(came) == [0, 0, 0, 1]
    assert Occasion.objects.count() == 2
    assert Task.objects.get().promises == 1
