"""A network changes in one way: revised, numbered, audited, promised to be published."""

from collections.abc import Callable

import msgspec
import pytest

from accounts.models import AuditEntry
from devices.models import Configuration, Network, Task
from devices.models.network import InvalidIntent, StaleRevision
from devices.rendering.intent import NetworkIntent
from tests.world import World

pytestmark = pytest.mark.django_db
replace: Callable[..., NetworkIntent] = msgspec.structs.replace


def with_passphrase(network: Network, passphrase: str) -> NetworkIntent:
    intent = network.intent()
    first, *rest = intent.ssids
    return replace(intent, ssids=(replace(first, passphrase=passphrase), *rest))


def test_a_change_is_a_new_revision_by_its_author(world: World) -> None:
    revision = world.harbour.revise(world.bo, with_passphrase(world.harbour, "flat white 2026"))
    assert revision is not None
    assert (revision.number, revision.author) == (2, world.bo)
    assert world.harbour.intent().ssids[0].passphrase == "flat white 2026"


def test_the_diff_says_that_a_secret_changed_and_never_the_secret(world: World) -> None:
    revision = world.harbour.revise(world.bo, with_passphrase(world.harbour, "flat white 2026"))
    assert revision is not None
    (change,) = revision.changes()
    assert change.disruptive
    assert "flat white" not in str(revision.diff)
    assert "espresso" not in str(revision.diff)


def test_every_access_point_of_the_network_and_no_other_wants_it(world: World) -> None:
    world.harbour.revise(world.bo, with_passphrase(world.harbour, "flat white 2026"))
    wanted = dict(Configuration.objects.values_list("access_point__name", "wanted_revision"))
    assert wanted == {"Counter": 2, "Window": 2, "Terrace": 1, "Lobby": 1}


def test_an_unchanged_save_makes_no_revision_and_no_task(world: World) -> None:
    Task.objects.all().delete()
    assert world.harbour.revise(world.bo, world.harbour.intent()) is None
    assert not Task.objects.exists()
    assert world.harbour.revisions.count() == 1


def test_a_stale_form_learns_whose_change_came_between(world: World) -> None:
    world.harbour.revise(world.bo, with_passphrase(world.harbour, "flat white 2026"), base=1)
    with pytest.raises(StaleRevision) as stale:
        world.harbour.revise(world.ada, with_passphrase(world.harbour, "cortado 2026"), base=1)
    assert stale.value.latest.author == world.bo
    assert world.harbour.intent().ssids[0].passphrase == "flat white 2026"


def test_a_broken_wish_saves_nothing_and_says_where(world: World) -> None:
    with pytest.raises(InvalidIntent) as refused:
        world.harbour.revise(world.ada, with_passphrase(world.harbour, "short"))
    assert refused.value.problems[0].where[-1] == "passphrase"
    assert world.harbour.revisions.count() == 1


def test_a_revision_never_changes(world: World) -> None:
    revision = world.harbour.latest_revision()
    revision.diff = []
    with pytest.raises(TypeError, match="never changes"):
        revision.save()


def test_undo_is_a_new_revision_with_the_old_content(world: World) -> None:
    before = world.harbour.intent()
    world.harbour.revise(world.bo, replace(before, ssids=()))
    world.harbour.undo(world.ada, number=1)
    assert world.harbour.intent() == before
    assert world.harbour.revision_number == 3


def test_a_change_is_audited_with_its_organisation(world: World) -> None:
    world.harbour.revise(world.bo, with_passphrase(world.harbour, "flat white 2026"))
    entry = AuditEntry.objects.latest("pk")
    assert (entry.organisation, entry.actor, entry.verb) == (world.cafe, world.bo, "network.revise")


def test_the_publication_is_promised_once_however_often_it_is_saved(world: World) -> None:
    for passphrase in ("flat white 2026", "cortado 2026"):
        world.harbour.revise(world.bo, with_passphrase(world.harbour, passphrase))
    assert Task.objects.filter(key=f"publish:{world.harbour.pk}").count() == 1


def test_removing_a_network_releases_its_access_points(world: World) -> None:
    pk = world.harbour.pk
    world.harbour.remove(world.ada)
    assert sorted(Task.objects.get(key=f"forget:network:{pk}").payload["serials"]) == [
        "24f5a2000001",
        "24f5a2000002",
    ]
