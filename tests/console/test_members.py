"""The people pages, through the browser's requests."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Invitation, Membership, Role, User
from jobs.mailing import invitations as mails
from tests.world import PASSWORD, World


def url(name: str, *args: Any) -> str:
    return reverse(name, args=["cafe-lento", *args])


def membership(world: World, user: User) -> Membership:
    return world.cafe.memberships.get(user=user)


def invite(client: Client, email: str = "nell@elsewhere.example", role: str = "viewer") -> Any:
    return client.post(url("invite"), {"email": email, "role": role})


def mailed_token() -> str:
    """The token of the one mail that is due."""
    assert mails.send_due_invitations() == 1
    return str(mail.outbox[-1].body).split("/invitation/")[1].split("/")[0]


def test_an_administrator_invites_and_the_list_shows_it(world: World) -> None:
    bo = world.browser(world.bo)
    assert invite(bo)["Location"] == url("members")
    page = bo.get(url("members")).content.decode()
    assert "nell@elsewhere.example" in page
    assert "Being sent" in page


def test_a_viewer_sees_the_people_and_no_buttons(world: World) -> None:
    vi = world.browser(world.vi)
    invite(world.browser(world.bo))
    page = vi.get(url("members")).content.decode()
    assert "Bo" in page
    assert not {url("invite"), "resend", "revoke"} & set(page.replace('"', "/").split("/"))
    assert invite(vi).status_code == 403
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "role", "words"),
    [
        ("nonsense", "viewer", "Enter a valid email address"),
        ("", "viewer", "This field is required"),
        ("vi@lento.example", "viewer", "a member already"),
        ("x@lento.example", "owner", "not one of the available choices"),
        ("x@lento.example", "emperor", "not one of the available choices"),
    ],
)
def test_a_bad_invitation_gets_the_form_back_with_words(
    world: World, email: str, role: str, words: str
) -> None:
    response = invite(world.browser(world.bo), email, role)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert f'value="{email}"' in response.content.decode() or not email
    assert not Invitation.objects.exists()


def test_resend_and_take_back(world: World) -> None:
    bo = world.browser(world.bo)
    invite(bo)
    token = mailed_token()
    pk = Invitation.objects.get().pk
    again = bo.post(url("resend_invitation", pk), follow=True)
    assert "only minutes ago" in again.content.decode()
    back = bo.post(url("revoke_invitation", pk), follow=True)
    assert "is taken back" in back.content.decode()
    assert "not valid" in Client().get(reverse("accept_invitation", args=[token])).content.decode()


def test_change_a_role_and_remove(world: World) -> None:
    ada, vi = world.browser(world.ada), membership(world, world.vi)
    ada.post(url("member", vi.pk), {"role": "admin"})
    assert membership(world, world.vi).role == Role.ADMIN
    assert "Remove Vi?" in ada.get(url("remove_member", vi.pk)).content.decode()
    ada.post(url("remove_member", vi.pk))
    assert not world.cafe.memberships.filter(user=world.vi).exists()


def test_an_administrator_is_refused_what_only_owners_may(world: World) -> None:
    bo, ada = world.browser(world.bo), membership(world, world.ada)
    refused = bo.post(url("member", ada.pk), {"role": "viewer"})
    assert refused.status_code == 422
    assert "you cannot do this to the role Owner" in refused.content.decode()
    assert "cannot do this" in bo.post(url("remove_member", ada.pk), follow=True).content.decode()
    assert membership(world, world.ada).role == Role.OWNER


def test_the_last_owner_is_told_why_they_cannot_leave(world: World) -> None:
    page = world.browser(world.ada).post(url("leave"), follow=True).content.decode()
    assert "Ada is the only owner" in page
    assert world.browser(world.vi).post(url("leave"))["Location"] == reverse("home")
    assert not world.cafe.memberships.filter(user=world.vi).exists()


def test_people_of_another_organisation_are_not_found(world: World) -> None:
    otto = world.hotel.memberships.get()
    ada = world.browser(world.ada)
    for name in ("member", "remove_member"):
        assert ada.get(url(name, otto.pk)).status_code == 404
        assert ada.post(url(name, otto.pk), {"role": "viewer"}).status_code == 404
    assert world.hotel.memberships.exists()


def test_the_link_leads_a_stranger_through_sign_up_into_the_organisation(world: World) -> None:
    invite(world.browser(world.bo), "cora@lento.example")
    offer = reverse("accept_invitation", args=[mailed_token()])
    cora = Client()
    page = cora.get(offer).content.decode()
    assert "Join Café Lento" in page
    assert f"{reverse('account_signup')}?next=" in page
    signed_up = cora.post(
        reverse("account_signup"), {"email": "cora@lento.example", "password1": PASSWORD, "next": offer}
    )
    assert signed_up["Location"] == offer
    assert cora.post(offer)["Location"] == "/o/cafe-lento/"
    assert world.cafe.memberships.get(user__email="cora@lento.example").role == Role.VIEWER


def test_a_get_of_the_link_accepts_nothing(world: World) -> None:
    invite(world.browser(world.bo))
    offer = reverse("accept_invitation", args=[mailed_token()])
    assert world.browser(world.nobody).get(offer).status_code == 200
    assert world.browser().post(offer)["Location"].startswith(reverse("account_login"))
    assert Invitation.objects.get().accepted_at is None


def test_the_link_in_the_wrong_hands_says_so_and_offers_to_sign_out(world: World) -> None:
    invite(world.browser(world.bo))
    offer = reverse("accept_invitation", args=[mailed_token()])
    for response in (world.browser(world.otto).get(offer), world.browser(world.otto).post(offer)):
        assert response.status_code == 410
        assert "another e-mail address than yours" in response.content.decode()
        assert "Sign in with another address" in response.content.decode()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    email=st.text(max_size=300) | st.emails(),
    role=st.text(max_size=20) | st.sampled_from(list(Role)),
    name=st.text(max_size=200),
)
def test_odd_input_is_answered_in_words_never_with_an_error(
    world: World, email: str, role: str, name: str
) -> None:
    ada, vi = world.browser(world.ada), membership(world, world.vi)
    assert invite(ada, email, role).status_code in {302, 422}
    assert ada.post(url("member", vi.pk), {"role": role}).status_code in {302, 422}
    assert ada.post(url("organisation_settings"), {"name": name}).status_code in {302, 422}
    assert ada.post(reverse("profile"), {"name": name}).status_code in {302, 422}
    assert ada.get(url("audit"), {"q": name, "by": role, "about": email, "page": name}).status_code == 200
    assert ada.get(url("members")).status_code == 200
