"""Invitations: made by who may, good once, for one address, for a week."""

from datetime import timedelta

import pytest
from django.utils import timezone as clock
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import AuditEntry, Invitation, Organisation, Role, User
from accounts.models.invitation import MAX_A_DAY, MAX_PENDING, InvitationRefused, token_hash
from accounts.models.membership import NotAMember, RoleTooSmall
from accounts.verification import is_verified
from tests.accounts.test_membership import at_once, last_audit, roles
from tests.world import World, build, person


def invited(world: World, email: str = "Nell@Elsewhere.example", role: Role = Role.VIEWER) -> Invitation:
    return world.cafe.invite(world.bo, email, role)


def token_of(invitation: Invitation) -> str:
    """The token as it was mailed just now."""
    token = invitation.mint(clock.now())
    assert token is not None
    invitation.mailed(token, clock.now())
    return token


def test_the_invited_person_enters_and_their_address_counts_as_verified(world: World) -> None:
    token = token_of(invited(world))
    assert not is_verified(world.nobody)
    Invitation.accept(world.nobody, token)
    assert roles(world.cafe)["Nell"] == Role.VIEWER
    assert is_verified(world.nobody)
    assert last_audit(world.cafe)[:2] == ("Nell", "invitation.accept")


def test_the_token_is_nowhere_in_the_database(world: World) -> None:
    invitation = invited(world)
    token = token_of(invitation)
    invitation.refresh_from_db()
    assert invitation.token_hash == token_hash(token)
    assert len(token) >= 43  # 256 bits
    assert not Invitation.objects.filter(token_hash=token).exists()


def test_a_token_is_good_once(world: World) -> None:
    token = token_of(invited(world))
    Invitation.accept(world.nobody, token)
    with pytest.raises(InvitationRefused, match="accepted already"):
        Invitation.accept(world.nobody, token)


def test_somebody_else_cannot_use_the_link(world: World) -> None:
    token = token_of(invited(world))
    with pytest.raises(InvitationRefused, match=r"another e-mail address than yours, otto@halde\.example"):
        Invitation.accept(world.otto, token)
    assert "Otto" not in roles(world.cafe)
    Invitation.accept(world.nobody, token)


def test_the_address_is_compared_whatever_its_case(world: World) -> None:
    cora = person("Cora", "Cora@Lento.Example")
    Invitation.accept(cora, token_of(invited(world, "CORA@lento.EXAMPLE")))
    assert roles(world.cafe)["Cora"] == Role.VIEWER


def test_taking_back_and_founding_more_do_not_let_one_write_to_thousands(world: World) -> None:
    for number in range(MAX_A_DAY):
        invited(world, f"guest{number}@elsewhere.example").revoke(world.bo)
    second = Organisation.found(world.bo, "Second")
    with pytest.raises(InvitationRefused, match="100 invitations today"):
        second.invite(world.bo, "one@elsewhere.example", Role.VIEWER)
    assert world.cafe.invite(world.ada, "one@elsewhere.example", Role.VIEWER)
    AuditEntry.objects.update(at=clock.now() - timedelta(days=1))
    assert second.invite(world.bo, "one@elsewhere.example", Role.VIEWER)


def test_an_expired_link_says_so(world: World) -> None:
    invitation = invited(world)
    token = token_of(invitation)
    Invitation.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    with pytest.raises(InvitationRefused, match="has expired"):
        Invitation.accept(world.nobody, token)
    assert invitation.mint(clock.now() + timedelta(days=8)) is None


@pytest.mark.parametrize("token", ["", "x", "\x00", "ä" * 500, "None"], ids=ascii)
def test_a_wrong_link_says_so(world: World, token: str) -> None:
    invited(world)  # not mailed: it has no token at all yet
    with pytest.raises(InvitationRefused, match="not valid"):
        Invitation.accept(world.nobody, token)


def test_a_revoked_link_stops_working(world: World) -> None:
    invitation = invited(world)
    token = token_of(invitation)
    invitation.revoke(world.ada)
    with pytest.raises(InvitationRefused, match="not valid"):
        Invitation.accept(world.nobody, token)
    with pytest.raises(InvitationRefused, match="taken back"):
        invitation.resend(world.ada)
    assert last_audit(world.cafe)[:2] == ("Ada", "invitation.revoke")


def test_sending_again_replaces_the_link_and_starts_a_new_week(world: World) -> None:
    invitation = invited(world)
    old = token_of(invitation)
    with pytest.raises(InvitationRefused, match="minutes ago"):
        invitation.resend(world.bo)
    Invitation.objects.update(mailed_at=clock.now() - timedelta(days=8), expires_at=clock.now())
    invitation.resend(world.bo)
    new = token_of(Invitation.objects.get())
    with pytest.raises(InvitationRefused, match="newer mail"):
        Invitation.accept(world.nobody, old)
    Invitation.accept(world.nobody, new)


@pytest.mark.parametrize(("by", "role"), [("bo", Role.OWNER), ("vi", Role.VIEWER), ("vi", Role.OWNER)])
def test_nobody_invites_to_more_than_they_may_give(world: World, by: str, role: Role) -> None:
    with pytest.raises(RoleTooSmall):
        world.cafe.invite(getattr(world, by), "cora@lento.example", role)
    assert not Invitation.objects.exists()


def test_an_outsider_neither_invites_nor_revokes(world: World) -> None:
    with pytest.raises(NotAMember):
        world.cafe.invite(world.otto, "cora@lento.example", Role.VIEWER)
    with pytest.raises(NotAMember):
        invited(world).revoke(world.otto)
    assert Invitation.objects.count() == 1


def test_an_administrator_does_not_touch_the_invitation_of_an_owner(world: World) -> None:
    invitation = world.cafe.invite(world.ada, "cora@lento.example", Role.OWNER)
    for attempt in (invitation.revoke, invitation.resend):
        with pytest.raises(RoleTooSmall):
            attempt(world.bo)
    assert Invitation.objects.exists()


def test_a_member_or_an_invited_one_is_not_invited_again(world: World) -> None:
    with pytest.raises(InvitationRefused, match="a member already"):
        invited(world, "VI@lento.example")
    invited(world)
    with pytest.raises(InvitationRefused, match="invited already"):
        invited(world)


def test_an_expired_invitation_makes_way(world: World) -> None:
    invited(world)
    Invitation.objects.update(expires_at=clock.now())
    invited(world, role=Role.ADMIN)
    assert Invitation.objects.get().role == Role.ADMIN


def test_an_organisation_cannot_write_to_thousands(world: World) -> None:
    for number in range(MAX_PENDING):
        invited(world, f"guest{number}@lento.example")
    with pytest.raises(InvitationRefused, match="50 invitations are open"):
        invited(world)


def test_an_invitation_never_makes_a_role_smaller(world: World) -> None:
    invitation = invited(world, "cora@lento.example")
    cora = person("Cora", "cora@lento.example")
    world.cafe.memberships.create(user=cora, role=Role.ADMIN)
    Invitation.accept(cora, token_of(invitation))
    assert roles(world.cafe)["Cora"] == Role.ADMIN


def test_of_two_senders_one_gets_the_token_until_it_gave_up(world: World) -> None:
    invitation, now = invited(world), clock.now()
    token = invitation.mint(now)
    assert token
    assert invitation.mint(now) is None
    again = Invitation.objects.get().mint(now + timedelta(minutes=3))  # the first sender died
    assert again not in (None, token)


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_accept_at_once_make_one_member() -> None:
    world = build()
    token = token_of(invited(world))
    raised = at_once(*[lambda: Invitation.accept(world.nobody, token)] * 3)
    assert [type(error) for error in raised] == [InvitationRefused] * 2
    assert world.cafe.memberships.filter(user=world.nobody).count() == 1


class OddAddresses(TestCase):
    """Whatever is typed into the address field is invited or refused in words."""

    def setUp(self) -> None:
        self.ada = User.objects.create_user("ada@lento.example")
        self.cafe = Organisation.found(self.ada, "Café Lento")

    @settings(max_examples=100, deadline=None)
    @given(st.one_of(st.text(max_size=300), st.emails(), st.emails().map(str.upper)))
    def test_any_text(self, text: str) -> None:
        try:
            invitation = self.cafe.invite(self.ada, text, Role.VIEWER)
        except InvitationRefused:
            return
        assert "@" in invitation.email
        assert invitation.email == invitation.email.lower()
