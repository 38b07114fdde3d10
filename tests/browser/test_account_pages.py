"""Signing in, one's account and the people pages in a real browser: accessible, strict, usable."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Role, User
from accounts.unsubscribing import token_for
from jobs.mailing import invitations
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db(transaction=True)

ENTRANCE = ["account_login", "account_signup", "account_reset_password", "account_reset_password_done"]
OWN = [
    "profile",
    "organisations",
    "account_email",
    "account_logout",
    "account_change_password",
    "account_reauthenticate",
    "mfa_index",
    "usersessions_list",
]


@pytest.fixture(autouse=True)
def _no_rate_limits_left(transactional_db: None) -> None:
    cache.clear()


@pytest.fixture
def visit(page: Page, live_server: Any) -> Callable[..., Page]:
    def go(name: str, *args: Any) -> Page:
        page.goto(live_server.url + reverse(name, args=args))
        return page

    return go


@pytest.fixture
def careful(world: World, visit: Callable[..., Page]) -> Page:
    """Ada's browser, her password typed twice: second factors may be changed."""
    page = visit("account_login")
    page.get_by_label("Email").fill(world.ada.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    page = visit("mfa_activate_totp")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Activate Authenticator App")).to_be_visible()
    return page


@pytest.mark.parametrize("name", ENTRANCE)
def test_the_entrance_is_accessible(visit: Callable[..., Page], assert_accessible: Any, name: str) -> None:
    assert_accessible(visit(name))


@pytest.mark.parametrize("name", OWN)
def test_one_s_own_pages_are_accessible(
    world: World, sign_in: Any, visit: Callable[..., Page], assert_accessible: Any, name: str
) -> None:
    sign_in(world.ada)
    assert_accessible(visit(name))


def test_the_people_pages_are_accessible(
    world: World, sign_in: Any, visit: Callable[..., Page], assert_accessible: Any
) -> None:
    world.cafe.invite(world.ada, "cora@lento.example", Role.ADMIN)
    sign_in(world.ada)
    vi = world.cafe.memberships.get(user=world.vi).pk
    for name, *args in [
        ("members",),
        ("invite",),
        ("member", vi),
        ("remove_member", vi),
        ("leave",),
        ("audit",),
        ("organisation_settings",),
    ]:
        assert_accessible(visit(name, "cafe-lento", *args))


@pytest.mark.expects_status(403)
def test_the_refusal_is_accessible(
    world: World, sign_in: Any, visit: Callable[..., Page], assert_accessible: Any
) -> None:
    sign_in(world.vi)
    page = visit("invite", "cafe-lento")
    expect(page.get_by_role("heading")).to_have_text("Not for your role")
    assert_accessible(page)


def test_a_form_with_errors_is_accessible(visit: Callable[..., Page], assert_accessible: Any) -> None:
    page = visit("account_signup")
    page.get_by_label("Email").fill("nonsense")
    page.get_by_role("button", name="Sign Up").click()
    expect(page.get_by_role("alert")).to_contain_text("valid email")
    assert_accessible(page)


def test_an_authenticator_app_is_set_up(
    careful: Page, world: World, settings: Any, assert_accessible: Any
) -> None:
    from tests.accounts.test_second_factor import code

    settings.MFA_TOTP_TOLERANCE = 1  # a code may be typed at the end of its half minute
    assert_accessible(careful)
    secret = careful.get_by_label("Authenticator secret").input_value()
    careful.get_by_label("Authenticator code").fill(code(secret))
    careful.get_by_role("button", name="Activate").click()
    expect(careful.get_by_role("heading", name="Recovery Codes", exact=True)).to_be_visible()
    assert_accessible(careful)
    assert world.ada.authenticator_set.count() == 2


def test_a_passkey_is_made_and_signs_in(
    careful: Page, context: BrowserContext, visit: Callable[..., Page], assert_accessible: Any, world: World
) -> None:
    devtools = context.new_cdp_session(careful)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )
    page = visit("mfa_add_webauthn")
    assert_accessible(page)
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery Codes", exact=True)).to_be_visible()
    context.clear_cookies()
    page = visit("account_login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda url: "/account/" not in url)
    page = visit("profile")
    expect(page.get_by_text("One passkey or security key.")).to_be_visible()
    assert_accessible(visit("mfa_list_webauthn"))


def test_from_the_mail_into_the_organisation_without_javascript(
    world: World, browser: Any, live_server: Any
) -> None:
    invitation = world.cafe.invite(world.bo, "cora@lento.example", Role.VIEWER)
    invitations.send_invitation(invitation.pk)
    path = str(mail.outbox[-1].body).split("/invitation/")[1].split("/")[0]
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{live_server.url}/invitation/{path}/")
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Email").fill("cora@lento.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign Up").click()
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_text("Welcome to Café Lento")).to_be_visible()
    assert world.cafe.memberships.filter(user=User.objects.get(email="cora@lento.example")).exists()


def test_weekly_mails_are_switched_off_and_on(
    world: World, sign_in: Any, visit: Callable[..., Page], assert_accessible: Any
) -> None:
    sign_in(world.ada)
    page = visit("profile")
    page.get_by_label("Café Lento").uncheck()
    page.get_by_role("button", name="Save").nth(1).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Café Lento")).not_to_be_checked()
    assert not world.cafe.memberships.get(user=world.ada).weekly_report


@pytest.mark.expects_status(404)
def test_unsubscribing_signed_out_is_accessible(
    world: World, visit: Callable[..., Page], assert_accessible: Any
) -> None:
    token = token_for(world.cafe.memberships.get(user=world.vi))
    page = visit("unsubscribe", token)
    assert_accessible(page)
    page.get_by_role("button", name="Send me no more").click()
    expect(page.get_by_role("heading")).to_have_text("No more weekly mails")
    assert_accessible(page)
    assert_accessible(visit("unsubscribe", "x" + token))
    assert not world.cafe.memberships.get(user=world.vi).weekly_report
