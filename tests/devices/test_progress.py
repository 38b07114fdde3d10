"""Where each access point stands, and how far a change has come."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from devices.models import Configuration
from devices.models.configuration import APPLYING_FOR, ConfigurationState
from devices.progress import Progress, progress
from tests.world import World

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
UP_TO_DATE = {"published_revision": 1, "uuid": 7, "applied_uuid": 7, "reported_uuid": 7}
RECOVERY, FACTORY = 0, 1
SENT = {"published_revision": 1, "uuid": 7, "sent_uuid": 7}


def configuration(**columns: object) -> Configuration:
    return Configuration(**{"wanted_revision": 1} | columns)


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        ({}, ConfigurationState.WAITING),
        (UP_TO_DATE, ConfigurationState.UP_TO_DATE),
        (UP_TO_DATE | {"wanted_revision": 2}, ConfigurationState.WAITING),
        (UP_TO_DATE | {"reported_uuid": RECOVERY}, ConfigurationState.WAITING),
        (UP_TO_DATE | {"reported_uuid": FACTORY, "refused_uuid": 7}, ConfigurationState.REJECTED),
        (SENT | {"sent_at": NOW}, ConfigurationState.APPLYING),
        (SENT | {"sent_at": NOW - APPLYING_FOR}, ConfigurationState.WAITING),
        (SENT | {"sent_at": NOW, "refused_uuid": 7}, ConfigurationState.REJECTED),
        (SENT | {"sent_at": NOW, "refused_uuid": 6}, ConfigurationState.APPLYING),
        (UP_TO_DATE | {"unpublishable": "too large"}, ConfigurationState.REJECTED),
    ],
)
def test_the_state_follows_from_desired_and_reported(
    columns: dict[str, object], state: ConfigurationState
) -> None:
    assert configuration(**columns).state(NOW) is state


@pytest.mark.django_db
def test_sql_and_python_agree_on_every_state(world: World) -> None:
    rows = Configuration.objects.filter(pk=world.counter.pk)
    numbers = (0, 7)
    times = (None, NOW, NOW - timedelta(hours=1))
    for uuid, sent, applied, reported, refused, at, words in product(*[numbers] * 5, times, ("", "x")):
        rows.update(
            wanted_revision=2,
            published_revision=2,
            uuid=uuid,
            sent_uuid=sent,
            applied_uuid=applied,
            reported_uuid=reported,
            refused_uuid=refused,
            sent_at=at,
            unpublishable=words,
        )
        row = rows.annotate(told=Configuration.state_expression(NOW)).get()
        assert row.told == row.state(NOW)


@pytest.mark.django_db
def test_the_counts_add_up_and_finish(world: World) -> None:
    Configuration.objects.filter(pk=world.counter.pk).update(**UP_TO_DATE)
    world.harbour.access_points.filter(pk=world.counter.pk).update(link="online")
    assert progress(world.harbour, NOW) == Progress(applied=1, offline=1)
    assert progress(world.harbour, NOW).finished
    assert progress(world.harbour, NOW).percent == 50


@pytest.mark.django_db
def test_an_online_access_point_keeps_the_change_unfinished(world: World) -> None:
    world.harbour.access_points.filter(pk=world.counter.pk).update(link="online")
    told = progress(world.harbour, NOW)
    assert (told.waiting, told.offline, told.finished) == (1, 1, False)


@pytest.mark.django_db
def test_progress_is_one_statement(world: World, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(1):
        progress(world.harbour, NOW)


def test_a_network_without_access_points_is_finished() -> None:
    assert Progress().finished
    assert Progress().percent == 100
