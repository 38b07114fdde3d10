"""Who may make whom what; and that an organisation is never without an owner."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import Membership, Organisation, Role, User
from accounts.models.membership import LastOwner, NotAMember, RoleTooSmall
from accounts.naming import BadName
from tests.world import World, build


def membership(world: World, user: User) -> Membership:
    return world.cafe.memberships.get(user=user)


def roles(organisation: Organisation) -> dict[str, str]:
    return dict(organisation.memberships.values_list("user__name", "role"))


def last_audit(organisation: Organisation) -> tuple[str, str, dict[str, object]]:
    entry = organisation.audit_entries.latest("pk")
    return str(entry.actor), entry.verb, entry.detail


def test_an_owner_makes_a_viewer_an_administrator(world: World) -> None:
    membership(world, world.vi).change_role(world.ada, Role.ADMIN)
    assert roles(world.cafe)["Vi"] == Role.ADMIN
    assert last_audit(world.cafe) == ("Ada", "membership.change_role", {"old": "viewer", "new": "admin"})


@pytest.mark.parametrize(
    ("by", "whom", "role"),
    [
        ("bo", "vi", Role.OWNER),  # an administrator creates no owner
        ("bo", "bo", Role.OWNER),  # least of all of themselves
        ("bo", "ada", Role.VIEWER),  # nor touches one
        ("vi", "bo", Role.VIEWER),  # a viewer changes nobody
        ("vi", "vi", Role.ADMIN),
    ],
)
def test_nobody_gives_or_takes_more_than_they_hold(world: World, by: str, whom: str, role: Role) -> None:
    before = roles(world.cafe)
    with pytest.raises(RoleTooSmall):
        membership(world, getattr(world, whom)).change_role(getattr(world, by), role)
    assert roles(world.cafe) == before


def test_an_outsider_changes_nothing(world: World) -> None:
    with pytest.raises(NotAMember):
        membership(world, world.vi).change_role(world.otto, Role.ADMIN)
    with pytest.raises(NotAMember):
        membership(world, world.vi).remove(world.otto)
    assert roles(world.cafe)["Vi"] == Role.VIEWER


def test_an_administrator_removes_a_viewer_but_no_owner(world: World) -> None:
    membership(world, world.vi).remove(world.bo)
    assert last_audit(world.cafe)[:2] == ("Bo", "membership.remove")
    with pytest.raises(RoleTooSmall):
        membership(world, world.ada).remove(world.bo)
    assert roles(world.cafe) == {"Ada": Role.OWNER, "Bo": Role.ADMIN}


def test_a_viewer_leaves(world: World) -> None:
    membership(world, world.vi).remove(world.vi)
    assert "Vi" not in roles(world.cafe)
    assert last_audit(world.cafe)[:2] == ("Vi", "membership.leave")


def test_the_last_owner_neither_leaves_nor_steps_down(world: World) -> None:
    ada = membership(world, world.ada)
    for attempt in (ada.leave, lambda: ada.change_role(world.ada, Role.ADMIN), lambda: ada.remove(world.ada)):
        with pytest.raises(LastOwner) as refused:
            attempt()
    assert "Ada is the only owner" in refused.value.words
    assert roles(world.cafe)["Ada"] == Role.OWNER


def test_whoever_was_removed_meanwhile_is_not_removed_again(world: World) -> None:
    stale = membership(world, world.vi)
    membership(world, world.vi).leave()
    with pytest.raises(NotAMember):
        stale.change_role(world.ada, Role.ADMIN)
    with pytest.raises(NotAMember):
        stale.leave()


def test_renaming_keeps_the_address(world: World) -> None:
    world.cafe.rename(world.bo, " Café  Presto ")
    assert Organisation.objects.get(slug="cafe-lento").name == "Café Presto"
    assert last_audit(world.cafe)[1:] == ("organisation.rename", {"old": "Café Lento", "new": "Café Presto"})
    with pytest.raises(RoleTooSmall):
        world.cafe.rename(world.vi, "Vi's")
    with pytest.raises(BadName):
        world.cafe.rename(world.ada, " ")


def test_two_organisations_of_one_name_have_two_addresses(world: World) -> None:
    other = Organisation.found(world.otto, "Café Lento")
    assert other.slug.startswith("cafe-lento-")
    assert Organisation.found(world.otto, "珈琲").slug.startswith("organisation-")


def at_once(*attempts: Callable[[], object]) -> list[BaseException]:
    """Run them in threads that start together; what they raised."""
    start, raised = threading.Barrier(len(attempts)), []

    def run(attempt: Callable[[], object]) -> None:
        start.wait()
        try:
            attempt()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[attempt]) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_cannot_both() -> None:
    world = build()
    for _attempt in range(5):
        Membership.objects.update_or_create(
            organisation=world.cafe, user=world.ada, defaults={"role": Role.OWNER}
        )
        Membership.objects.update_or_create(
            organisation=world.cafe, user=world.bo, defaults={"role": Role.OWNER}
        )
        ada, bo = membership(world, world.ada), membership(world, world.bo)
        raised = at_once(ada.leave, lambda bo=bo: bo.change_role(world.bo, Role.VIEWER))
        assert [type(error) for error in raised] == [LastOwner]
        assert world.cafe.memberships.filter(role=Role.OWNER).count() == 1
