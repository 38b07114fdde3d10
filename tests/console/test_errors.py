"""What a visitor sees when something is not there, not theirs, or broken."""

from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.test.client import MULTIPART_CONTENT, FakePayload
from django.urls import reverse

from console.views import errors
from tests.world import World


def test_not_found_is_ours_and_tells_nothing(world: World) -> None:
    theirs = world.browser(world.otto).get(reverse("network", args=["cafe-lento", world.harbour.pk]))
    nothing = world.browser(world.otto).get("/no/such/page/")
    assert theirs.status_code == nothing.status_code == 404
    assert "There is nothing here" in theirs.content.decode()
    assert "Harbour" not in theirs.content.decode()


def test_an_expired_form_says_so(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.bo)
    answer = client.post(reverse("start"), {})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


def test_the_broken_page_needs_no_database() -> None:
    answer = errors.broken(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Your Wi-Fi is not affected" in answer.content.decode()


@pytest.mark.parametrize("view", [errors.bad_request, errors.forbidden])
def test_the_others_stand_as_well(view: Any, db: None) -> None:
    request = RequestFactory().get("/")
    assert view(request).status_code in {400, 403}


@pytest.mark.parametrize("path", ["/account/login/", "/start/"])
def test_what_is_too_large_is_refused_unread(db: None, path: str) -> None:
    body = FakePayload(b"x" * 100)
    sent = {"wsgi.input": body, "CONTENT_LENGTH": str(5 * 1024 * 1024 + 1), "CONTENT_TYPE": MULTIPART_CONTENT}
    answer = Client().post(path, **sent)
    assert answer.status_code == 413
    assert "This is too large" in answer.content.decode()
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert not body.read_started


def test_pages_allow_nothing_but_themselves(world: World) -> None:
    answer = world.browser(world.ada).get(reverse("dashboard", args=["cafe-lento"]))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in answer.content.decode()
    assert "<script>" not in answer.content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_signing_in_leads_nowhere_else(world: World, target: str) -> None:
    answer = Client().post(
        reverse("account_login") + "?next=" + target,
        {"login": "ada@lento.example", "password": "slow coffee, fast wifi", "next": target},
    )
    assert "evil" not in answer.get("Location", "")
