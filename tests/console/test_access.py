"""Who may enter a page: anonymous visitors sign in, outsiders find nothing, small roles are told so."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from accounts.models import User
from console import access
from tests.world import World

DECORATORS = {
    "anyone": access.anyone,
    "signed-in": access.signed_in,
    "member": access.member,
    "admin": access.admin,
    "owner": access.owner,
    "staff": access.staff,
}
IN_AN_ORGANISATION = {"member", "admin", "owner"}


def page(request: HttpRequest) -> HttpResponse:
    organisation = getattr(request, "organisation", None)
    return HttpResponse(organisation.slug if organisation else "in")


def visit(
    who: str, user: User | AnonymousUser | None, path: str = "/o/cafe-lento/x/", **headers: str
) -> HttpResponse:
    request = RequestFactory().get(path, headers=headers)
    request.user = user or AnonymousUser()
    arguments = {"slug": "cafe-lento"} if who in IN_AN_ORGANISATION else {}
    return DECORATORS[who](page)(request, **arguments)


@pytest.mark.parametrize("who", DECORATORS)
def test_a_view_says_who_may_enter(who: str) -> None:
    assert DECORATORS[who](page).who == who


@pytest.mark.parametrize("who", [who for who in DECORATORS if who != "anyone"])
def test_an_anonymous_visitor_is_sent_to_sign_in_and_comes_back(who: str, db: None) -> None:
    response = visit(who, None, "/o/cafe-lento/x/?page=2")
    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_login')}?next=/o/cafe-lento/x/%3Fpage%3D2"


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("member", {"ada": 200, "bo": 200, "vi": 200, "otto": 404, "nobody": 404}),
        ("admin", {"ada": 200, "bo": 200, "vi": 403, "otto": 404, "nobody": 404}),
        ("owner", {"ada": 200, "bo": 403, "vi": 403, "otto": 404, "nobody": 404}),
        ("signed-in", {"ada": 200, "otto": 200, "nobody": 200}),
        ("staff", {"ada": 404, "otto": 404}),
    ],
)
def test_each_of_the_cast_at_each_door(world: World, who: str, status: dict[str, int]) -> None:
    def enters(name: str) -> int:
        try:
            return visit(who, getattr(world, name)).status_code
        except Http404:
            return 404

    assert {name: enters(name) for name in status} == status


def test_staff_may_enter_the_staff_pages_and_no_organisation(world: World) -> None:
    world.nobody.is_staff = True
    assert visit("staff", world.nobody).status_code == 200
    with pytest.raises(Http404):
        visit("member", world.nobody)


def test_the_refusal_names_both_roles_and_whom_to_ask(world: World) -> None:
    body = visit("owner", world.bo).content.decode()
    assert "your role is: Administrator" in body
    assert "needs the role: Owner" in body
    assert "ada@lento.example" in body


def test_a_removed_member_is_out_at_the_next_request(world: World) -> None:
    assert visit("member", world.vi).status_code == 200
    world.cafe.memberships.get(user=world.vi).leave()
    with pytest.raises(Http404):
        visit("member", world.vi)


@pytest.mark.parametrize(
    ("shown", "back"),
    [
        ("http://testserver/o/cafe-lento/n/1/?tab=ssids#top", "/o/cafe-lento/n/1/%3Ftab%3Dssids"),
        ("https://evil.example/o/cafe-lento/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://testserver//evil.example/", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_htmx_loads_the_login_page_as_a_whole(db: None, shown: str, back: str) -> None:
    response = visit("member", None, **{"HX-Request": "true", "HX-Current-URL": shown})
    assert response.status_code == 401
    assert response["HX-Redirect"] == f"{reverse('account_login')}?next={back}"


def test_a_post_of_an_expired_session_does_not_come_back_as_a_get(db: None) -> None:
    request = RequestFactory().post("/o/cafe-lento/x/")
    request.user = AnonymousUser()
    assert access.admin(page)(request, slug="cafe-lento")["Location"].endswith("?next=/")


def test_rows_come_from_the_organisation_alone(world: World) -> None:
    request = SimpleNamespace(organisation=world.cafe, user=world.ada)
    assert set(access.networks(request)) == {world.harbour, world.market}
    assert set(access.access_points(request)) == {world.counter, world.window, world.terrace}
    assert {one.user.name for one in access.memberships(request)} == {"Ada", "Bo", "Vi"}
    assert {entry.organisation_id for entry in access.audit_entries(request)} == {world.cafe.pk}


def test_a_row_of_somebody_else_does_not_exist(world: World) -> None:
    request = SimpleNamespace(organisation=world.cafe, user=world.ada)
    theirs = world.hotel.memberships.get()
    invitation = world.hotel.invite(world.otto, "x@halde.example", theirs.role)
    for fetch, key in [
        (access.network, world.halde.pk),
        (access.access_point, world.lobby.serial),
        (access.membership, theirs.pk),
        (access.invitation, invitation.pk),
    ]:
        with pytest.raises(Http404):
            fetch(request, key)
