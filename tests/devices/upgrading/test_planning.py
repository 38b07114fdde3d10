"""Who takes part in a rollout, and who does not."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Link, Tag
from devices.rollouts.decide import Budget
from devices.rollouts.waves import Share
from devices.upgrading.planning import preview, start
from devices.upgrading.terms import RolloutRefused, Scope, Terms
from tests.devices.upgrading.night import EVENING, Night, crowd, image

pytestmark = pytest.mark.django_db


def terms(night: Night, **more: object) -> Terms:
    return Terms(image=more.pop("image", None) or image(night.world), starts_at=EVENING, **more)  # type: ignore[arg-type]


def test_everybody_is_in_exactly_one_list(night: Night) -> None:
    crowd(night.world.harbour, 2)
    crowd(night.world.harbour, 1, firmware="TIP-v4.1.0")
    crowd(night.world.harbour, 1, compatible="indio_um-305ac")
    crowd(night.world.harbour, 1, firmware="TIP-v5.0.0")
    found = preview(night.world.cafe, terms(night), EVENING)
    counts = [len(x) for x in (found.chosen, found.already, found.other_hardware, found.older)]
    assert counts == [2, 1, 1, 1]
    assert len(found.unknown) == 3  # the cast's own never told what they are
    assert found.waves == [1, 1]


def test_the_next_window_of_every_place(night: Night) -> None:
    crowd(night.world.harbour, 1)
    crowd(night.world.market, 2)
    found = preview(night.world.cafe, terms(night), EVENING)
    assert [(p.network.name, p.count) for p in found.places] == [("Harbour", 1), ("Market Square", 2)]
    assert {p.next_start - EVENING for p in found.places} == {timedelta(hours=3, minutes=30)}


def test_a_scope_never_leaves_the_organisation(night: Night) -> None:
    crowd(night.world.harbour, 1)
    crowd(night.world.halde, 1)
    for scope in (Scope(), Scope("networks", networks=(night.world.halde, night.world.harbour))):
        found = preview(night.world.cafe, terms(night, scope=scope), EVENING)
        assert {one.network_id for one in found.chosen} == {night.world.harbour.pk}


def test_by_tag_and_one_by_one(night: Night) -> None:
    one, other = crowd(night.world.harbour, 2)
    tag = Tag.objects.create(organisation=night.world.cafe, name="roof")
    one.tags.add(tag)
    tagged = preview(night.world.cafe, terms(night, scope=Scope("tag", tag=tag)), EVENING)
    single = preview(night.world.cafe, terms(night, scope=Scope("access_point", access_point=other)), EVENING)
    assert (tagged.chosen, single.chosen) == ([one], [other])


def test_older_only_when_it_is_meant(night: Night) -> None:
    (newer,) = crowd(night.world.harbour, 1, firmware="TIP-v5.0.0")
    assert preview(night.world.cafe, terms(night), EVENING).chosen == []
    assert preview(night.world.cafe, terms(night, downgrades=True), EVENING).chosen == [newer]


def test_no_way_without_a_stepping_stone(night: Night) -> None:
    crowd(night.world.harbour, 1, firmware="TIP-v3.0.0")
    wanted = image(night.world, minimum_version="TIP-v3.5.0")
    assert len(preview(night.world.cafe, terms(night, image=wanted), EVENING).no_way) == 1
    image(night.world, "TIP-v3.6.0")
    assert preview(night.world.cafe, terms(night, image=wanted), EVENING).stones == {"TIP-v3.6.0": 1}


def test_a_wave_that_would_be_empty_takes_its_soak_with_it(night: Night) -> None:
    crowd(night.world.harbour, 4)
    uneven = terms(night, shares=(Share(1, "count"), Share(5), Share(50)), soak_minutes=(10, 20, 30, 40))
    found = preview(night.world.cafe, uneven, EVENING)
    rollout = start(night.world.ada, night.world.cafe, uneven, EVENING)
    assert list(zip(found.waves, found.soaks, strict=True)) == [(1, 10), (1, 30), (2, 40)]
    assert [wave.soak_minutes for wave in rollout.waves.all()] == found.soaks


def test_canaries_are_online_ones(night: Night) -> None:
    crowd(night.world.harbour, 9, link=Link.OFFLINE)
    (online,) = crowd(night.world.harbour, 1)
    rollout = start(night.world.ada, night.world.cafe, terms(night), EVENING)
    assert rollout.targets.get(wave=1).access_point == online
    assert [wave.size for wave in rollout.waves.all()] == [1, 2, 7]


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"at_once": 0},
        {"budget": Budget(101)},
        {"answer_minutes": 0},
        {"soak_minutes": ()},
        {"shares": (Share(50), Share(5))},
        {"shares": (Share(0),)},
    ],
)
def test_what_makes_no_sense_is_refused_in_words(night: Night, wrong: dict[str, object]) -> None:
    crowd(night.world.harbour, 10)
    with pytest.raises(RolloutRefused, match=r"\w"):
        start(night.world.ada, night.world.cafe, terms(night, **wrong), EVENING)


def test_a_withdrawn_image_is_not_offered(night: Night) -> None:
    crowd(night.world.harbour, 1)
    with pytest.raises(RolloutRefused, match="not offered"):
        start(
            night.world.ada,
            night.world.cafe,
            terms(night, image=image(night.world, withdrawn_at=EVENING)),
            EVENING,
        )


def test_a_plan_takes_the_same_statements_whatever_its_size(night: Night) -> None:
    counted = []
    for count in (10, 300):
        crowd(night.world.harbour, count)
        with CaptureQueriesContext(connection) as queries:
            start(night.world.ada, night.world.cafe, terms(night), EVENING)
        counted.append(len(queries))
    assert counted[1] <= counted[0] + 1
