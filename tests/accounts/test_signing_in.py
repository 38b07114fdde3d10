"""Signing up, signing in, the forgotten password: every page of django-allauth as we dress it."""

import re
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from accounts.verification import Unverified, is_verified, require_verified
from tests.world import PASSWORD, World, person

# Addresses that need a path of their own; the rest are walked as they are.
KEYED = {
    "account_confirm_email": ["no-such-key"],
    "account_reset_password_from_key": ["1", "no-such-key"],
    "mfa_remove_webauthn": [1],
    "mfa_edit_webauthn": [1],
}


def names(patterns: list[URLPattern | URLResolver]) -> list[str]:
    found: list[str] = []
    for one in patterns:
        found += names(one.url_patterns) if isinstance(one, URLResolver) else [str(one.name)]
    return found


def allauth_names() -> list[str]:
    resolvers = [one for one in get_resolver().url_patterns if isinstance(one, URLResolver)]
    return names([one for one in resolvers if str(one.pattern) == "account/"])


@pytest.fixture(autouse=True)
def _no_rate_limits_left(db: None) -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _committed_at_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction of a test never ends; what waits for its end is done at once."""
    monkeypatch.setattr(transaction, "on_commit", lambda call, **_: call())


def sign_up(client: Client, email: str = "cora@lento.example", password: str = PASSWORD) -> Any:
    return client.post(reverse("account_signup"), {"email": email, "password1": password})


def sign_in(client: Client, email: str = "ada@lento.example", password: str = PASSWORD) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password})


def change_address(client: Client, email: str) -> None:
    """The change waits until the password is typed once more, and is then done."""
    asked = client.post(reverse("account_email"), {"email": email, "action_add": ""})
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    client.post(asked["Location"], {"password": PASSWORD})


def link(word: str) -> str:
    found = re.search(rf"https?://[^/\s]+(/\S*{word}\S*)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]


@pytest.mark.parametrize("name", allauth_names())
def test_every_page_is_dressed_and_strict(world: World, name: str) -> None:
    path = reverse(name, args=KEYED.get(name, []))
    for client in (world.browser(world.ada), world.browser()):
        response = client.get(path)
        assert response.status_code in {200, 302, 404, 405}, response.status_code
        assert "default-src 'none'" in response["Content-Security-Policy"]
        html = response.content.decode() if response.status_code == 200 else ""
        assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", html)
        if response["Content-Type"].startswith("text/html") and html:
            assert 'class="account"' in html


def test_whoever_signs_up_is_in_at_once_and_verifies_by_mail() -> None:
    cora = Client()
    assert sign_up(cora, "Cora@Lento.Example")["Location"] == "/"
    user = User.objects.get(email="cora@lento.example")
    assert not is_verified(user)
    with pytest.raises(Unverified, match="Confirm your e-mail address first"):
        require_verified(user)
    cora.post(link("confirm-email"))
    assert is_verified(user)


def test_a_mail_server_that_is_away_loses_no_sign_up(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    cora = Client()
    assert sign_up(cora).status_code == 302
    assert "could not be sent just now" in cora.get(reverse("account_email")).content.decode()


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("nonsense", PASSWORD, "valid email address"),
        ("cora@lento.example", "short", "too short"),
        ("cora@lento.example", "password123", "too common"),
        ("cora@lento.example", "cora@lento.example", "too similar"),
        ("ada@lento.example", PASSWORD, "already registered"),
        ("ADA@lento.example", PASSWORD, "already registered"),
    ],
)
def test_a_bad_sign_up_is_told_why(world: World, email: str, password: str, words: str) -> None:
    before = User.objects.count()
    assert words in sign_up(Client(), email, password).content.decode()
    assert User.objects.count() == before


def test_signing_in_with_any_case_and_out_again(world: World) -> None:
    client = Client()
    assert sign_in(client, "ADA@Lento.example")["Location"] == "/"
    assert client.get(reverse("profile")).status_code == 200
    client.post(reverse("account_logout"))
    assert client.get(reverse("profile")).status_code == 302


def test_next_leads_back_but_never_away(world: World) -> None:
    form = {"login": "ada@lento.example", "password": PASSWORD}
    for wanted, got in [
        ("/organisations/", "/organisations/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
    ]:
        assert Client().post(reverse("account_login"), form | {"next": wanted})["Location"] == got


def test_an_address_that_only_looks_alike_is_another_person_s(world: World) -> None:
    """MySQL's collations hold ä and a for the same letter; our accounts must not."""
    person("Udo", "udo@muller.example")
    assert "not correct" in sign_in(Client(), "udo@müller.example").content.decode()
    Client().post(reverse("account_reset_password"), {"email": "udo@müller.example"})
    assert "password/reset/key" not in str(mail.outbox[-1].body)
    assert sign_up(Client(), "udo@müller.example").status_code == 302
    assert User.objects.filter(email="udo@muller.example").count() == 1


def test_a_wrong_password_and_an_unknown_address_read_the_same(world: World) -> None:
    def words(email: str) -> list[str]:
        return re.findall(
            r'class="errors".*?</div>', sign_in(Client(), email, "wrong").content.decode(), re.S
        )

    assert words("ada@lento.example") == words("nobody@nowhere.example") != []


def test_guessing_is_stopped(world: World) -> None:
    for _guess in range(5):
        sign_in(Client(), password="wrong")
    assert "Too many failed login attempts" in sign_in(Client()).content.decode()


def test_the_forgotten_password_is_reset_by_mail_alike_for_known_and_unknown(world: World) -> None:
    answers = {
        Client().post(reverse("account_reset_password"), {"email": email})["Location"]
        for email in ("ada@lento.example", "nobody@nowhere.example")
    }
    assert answers == {reverse("account_reset_password_done")}
    known, unknown = mail.outbox
    assert "password/reset/key" in str(known.body)
    assert "password/reset/key" not in str(unknown.body)


def test_the_link_of_the_mail_sets_a_new_password_once(world: World) -> None:
    client = Client()
    client.post(reverse("account_reset_password"), {"email": "ada@lento.example"})
    reset = link("password/reset/key")
    form = client.get(reset, follow=True).redirect_chain[-1][0]
    assert client.post(form, {"password1": "ristretto lungo forte", "password2": "ristretto lungo forte"})
    assert sign_in(Client(), password="ristretto lungo forte").status_code == 302
    assert "invalid" in Client().get(reset).content.decode()


def test_a_new_address_counts_once_it_is_confirmed(world: World) -> None:
    ada = Client()
    sign_in(ada)
    change_address(ada, "ada@presto.example")
    world.ada.refresh_from_db()
    assert world.ada.email == "ada@lento.example"
    ada.post(link("confirm-email"))
    world.ada.refresh_from_db()
    assert world.ada.email == "ada@presto.example"
    assert is_verified(world.ada)


def test_an_address_somebody_else_uses_is_not_taken(world: World) -> None:
    ada = Client()
    sign_in(ada)
    change_address(ada, "nell@elsewhere.example")
    mails = [sent for sent in mail.outbox if "confirm-email" in str(sent.body)]
    for sent in mails:
        mail.outbox.append(sent)
        assert ada.post(link("confirm-email")).status_code < 500
    world.ada.refresh_from_db()
    assert world.ada.email == "ada@lento.example"


def test_the_client_address_behind_proxies_is_the_one_they_saw(settings: Any, world: World) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for guess in range(10):
        Client().post(
            reverse("account_login"),
            {"login": f"x{guess}@lento.example", "password": "wrong"},
            headers={"X-Forwarded-For": f"10.0.0.{guess}, 198.51.100.7"},
        )
    blocked = Client().post(
        reverse("account_login"),
        {"login": "y@lento.example", "password": "wrong"},
        headers={"X-Forwarded-For": "10.9.9.9, 198.51.100.7"},
    )
    assert "Too many failed login attempts" in blocked.content.decode()


def test_too_many_attempts_get_a_page_that_says_so(world: World) -> None:
    for _attempt in range(6):
        response = Client().post(reverse("account_reset_password"), {"email": "ada@lento.example"})
    assert response.status_code == 429
    assert "Wait a few minutes" in response.content.decode()
    assert len(mail.outbox) == 5


@pytest.mark.parametrize("told", ["198.51.100.7", ""])
def test_who_came_past_a_proxy_is_refused_in_words(settings: Any, world: World, told: str) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    form = {"login": "ada@lento.example", "password": "wrong"}
    headers = {"X-Forwarded-For": told} if told else {}
    answer = Client().post(reverse("account_login"), form, headers=headers)
    assert answer.status_code == (400 if told else 200)


def test_somebody_signed_in_who_comes_past_a_proxy_is_refused_in_words(settings: Any, world: World) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    answer = world.browser(world.ada).get("/", headers={"X-Forwarded-For": "198.51.100.7"})
    assert answer.status_code == 400
    assert "<h1" in answer.content.decode()
