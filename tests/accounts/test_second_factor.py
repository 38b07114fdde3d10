"""Second factors: sealed for their user in the database, and working from the browser."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.adapter import mfa_context
from accounts.keyring import BrokenSecret, keyring
from tests.accounts.test_signing_in import sign_in
from tests.world import PASSWORD, World


@pytest.fixture(autouse=True)
def _fresh(db: None) -> Any:
    """A whole thirty seconds for each code, and no used codes or rate limits of other tests."""
    cache.clear()
    with time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC), tick=True):
        yield


def code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def careful(email: str = "ada@lento.example") -> Client:
    """A browser that has just typed its password."""
    client = Client()
    sign_in(client, email)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def activate(client: Client) -> str:
    """Set an authenticator app up; its secret."""
    client.get(reverse("mfa_activate_totp"))
    secret = str(client.session["mfa.totp.secret"])
    assert client.post(reverse("mfa_activate_totp"), {"code": code(secret)}).status_code == 302
    cache.clear()  # the code may be used again
    return secret


def stored(world: World, kind: str) -> dict[str, Any]:
    return dict(Authenticator.objects.get(user=world.ada, type=kind).data)


def test_the_secret_is_sealed_for_its_user(world: World) -> None:
    secret = activate(careful())
    data = stored(world, "totp")
    assert secret not in json.dumps(data)
    assert keyring().open(data["secret"], mfa_context(world.ada.pk)) == secret
    with pytest.raises(BrokenSecret):
        keyring().open(data["secret"], mfa_context(world.otto.pk))


def test_the_seed_of_the_recovery_codes_is_sealed(world: World) -> None:
    activate(careful())
    seed = stored(world, "recovery_codes")["seed"]
    assert len(keyring().open(seed, mfa_context(world.ada.pk))) == 80


def test_signing_in_asks_for_the_code(world: World) -> None:
    secret = activate(careful())
    client = Client()
    assert sign_in(client)["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("profile")).status_code == 302
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    assert client.post(reverse("mfa_authenticate"), {"code": code(secret)})["Location"] == "/"
    assert client.get(reverse("profile")).status_code == 200


def test_a_code_works_once(world: World) -> None:
    secret = activate(careful())
    for status in (302, 200):
        client = Client()
        sign_in(client)
        assert client.post(reverse("mfa_authenticate"), {"code": code(secret)}).status_code == status


def test_a_recovery_code_works_once(world: World) -> None:
    browser = careful()
    activate(browser)
    page = browser.get(reverse("mfa_download_recovery_codes")).content.decode()
    recovery = page.split()[-1]
    for status in (302, 200):
        client = Client()
        sign_in(client)
        assert client.post(reverse("mfa_authenticate"), {"code": recovery}).status_code == status


def test_a_secret_that_was_moved_to_another_user_opens_nothing(world: World) -> None:
    secret = activate(careful())
    Authenticator.objects.create(user=world.otto, type="totp", data=stored(world, "totp"))
    otto = Client()
    sign_in(otto, "otto@halde.example")
    refused = otto.post(reverse("mfa_authenticate"), {"code": code(secret)})
    assert "can no longer be read" in refused.content.decode()
    assert otto.get(reverse("profile")).status_code == 302


def test_the_pages_of_one_who_has_all_factors(world: World) -> None:
    browser = careful()
    secret = activate(browser)
    for name in (
        "mfa_index",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_deactivate_totp",
    ):
        response = browser.get(reverse(name))
        assert response.status_code == 200, name
        assert secret not in response.content.decode()
    browser.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=world.ada).exists()


def test_an_unconfirmed_address_gets_no_second_factor(world: World) -> None:
    """Else whoever signs up with another's address would lock its owner out."""
    response = careful("nell@elsewhere.example").get(reverse("mfa_activate_totp"), follow=True)
    assert "until you have verified your email address" in response.content.decode()
