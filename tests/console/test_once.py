"""What is sent once is done once: run again when MySQL loses it, answered the same when it comes again."""

import threading
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache, caches
from django.db import connections
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone as clock

from accounts.models import Answer, Invitation
from console.once.answers import REPLAYED
from console.once.keys import key_of
from jobs.housekeeping import ANSWERS_KEPT, prune_all
from tests.console.sending import INVITE, KEY, NELL, committed, fields, send
from tests.world import PASSWORD, World

__all__ = ["committed"]


def test_sent_again_it_has_one_effect_and_the_same_answer(world: World) -> None:
    bo = world.browser(world.bo)
    first, second = send(bo), send(bo)
    assert (second.status_code, second["Location"]) == (302, first["Location"])
    assert second[REPLAYED] == "true"
    assert second.cookies["messages"].value == first.cookies["messages"].value
    assert Invitation.objects.count() == 1


def test_a_key_with_something_else_is_refused_in_words(world: World) -> None:
    bo = world.browser(world.bo)
    send(bo)
    answer = send(bo, NELL | {"role": "admin"})
    assert answer.status_code == 422
    assert "was answered before, and it carried something else" in answer.content.decode()
    assert Invitation.objects.get().role == "viewer"


def test_a_key_answers_nobody_else(world: World) -> None:
    send(world.browser(world.bo))
    assert REPLAYED not in send(world.browser(world.bo))
    answer = send(world.browser(world.otto))
    assert (answer.status_code, REPLAYED in answer) == (404, False)


def test_a_form_s_page_is_its_key(world: World) -> None:
    """Sent twice from one page it is one; from a page loaded anew, or corrected, it is another."""
    bo = world.browser(world.bo)
    page = fields(bo, INVITE) | NELL
    assert "csrfmiddlewaretoken" in page
    first, second = bo.post(INVITE, page), bo.post(INVITE, page)
    assert (second[REPLAYED], second["Location"]) == ("true", first["Location"])
    assert REPLAYED not in bo.post(INVITE, page | {"email": "other@elsewhere.example"})
    assert bo.post(INVITE, fields(bo, INVITE) | NELL).status_code == 422
    assert Invitation.objects.count() == 2


def test_a_script_means_it_each_time(world: World) -> None:
    bo = world.browser(world.bo)
    page = fields(bo, INVITE) | NELL
    headers = {"X-CSRFToken": page["csrfmiddlewaretoken"]}
    assert [send(bo, page, headers).status_code for _ in range(2)] == [302, 422]


@pytest.mark.parametrize(("proxies", "statuses"), [(1, [302, 302]), (0, [302, 422])])
def test_a_number_counts_when_our_proxy_gave_it(
    world: World, settings: Any, proxies: int, statuses: list[int]
) -> None:
    settings.TRUSTED_PROXIES = proxies
    bo = world.browser(world.bo)
    headers = {"X-Request-ID": "3c1f7a52", "X-Forwarded-For": "192.0.2.7"}
    assert [send(bo, NELL, headers).status_code for _ in range(2)] == statuses


def test_what_was_refused_is_considered_again(world: World) -> None:
    """It may have been too much, or wrong in what is right by now: under the same key, corrected, too."""
    bo = world.browser(world.bo)
    assert send(bo, NELL | {"email": "nonsense"}).status_code == 422
    assert not Answer.objects.exists()
    assert send(bo).status_code == 302


def test_who_was_told_to_wait_is_let_in_afterwards(world: World) -> None:
    browser = Client()
    page = fields(browser, "/account/login/") | {"login": "bo@lento.example", "password": PASSWORD}
    wrong = page | {"password": "a guess"}
    while browser.post("/account/login/", wrong | {"next": str(uuid.uuid4())}).status_code != 429:
        pass
    assert browser.post("/account/login/", page).status_code == 429
    cache.clear()
    assert browser.post("/account/login/", page).status_code == 302


def again_after(seconds: float, client: Client, content: dict[str, str], headers: dict[str, str]) -> Any:
    """Sent, and sent again so much later; the session's own time stands still."""
    assert send(client, content, headers).status_code == 302
    Answer.objects.update(at=clock.now() - timedelta(seconds=seconds))
    Invitation.objects.all().delete()
    return send(client, content, headers)


@pytest.mark.parametrize(("seconds", "invitations"), [(200, 0), (301, 1)])
def test_from_a_page_that_stayed_open_it_is_meant_anew(
    committed: World, seconds: float, invitations: int
) -> None:
    bo = committed.browser(committed.bo)
    answer = again_after(seconds, bo, fields(bo, INVITE) | NELL, {"Referer": "no key"})
    assert (answer.status_code, Invitation.objects.count()) == (302, invitations)


def test_a_chosen_key_holds_for_a_day(committed: World) -> None:
    assert REPLAYED in again_after(80_000, committed.browser(committed.bo), NELL, KEY)
    Answer.objects.all().delete()
    assert REPLAYED not in again_after(90_000, committed.browser(committed.bo), NELL, KEY)


def test_two_forms_of_one_page_are_two(world: World) -> None:
    """Its forms share one token: the address tells them apart, or what they carry."""
    make, token = RequestFactory().post, {"csrfmiddlewaretoken": "one"}
    told = {"content_type": "application/x-www-form-urlencoded"}
    sent = [("/a/", token), ("/b/", token), ("/a/", token | {"step": "halt"}), ("/a/", token)]
    requests = [make(path, urlencode(content), **told) for path, content in sent]
    first, other_place, other_words, again = (key_of(request, request.body).name for request in requests)
    assert len({first, other_place, other_words}) == 3
    assert again == first


def test_what_was_sent_is_not_found_by_guessing(settings: Any) -> None:
    request = RequestFactory().post("/a/", b"passphrase=12345678", content_type="text/plain")
    before = key_of(request, request.body)
    assert before.sent == key_of(request, request.body).sent
    settings.SECRET_KEY = "another"
    assert before.sent != key_of(request, request.body).sent


def test_what_is_kept_is_sealed_and_goes_after_a_day(world: World) -> None:
    bo = world.browser(world.bo)
    send(bo)
    kept = Answer.objects.get()
    assert "members" not in kept.sealed
    assert kept.content()["headers"]  # type: ignore[index]
    list(prune_all(kept.at + ANSWERS_KEPT))
    assert Answer.objects.count() == 1
    list(prune_all(kept.at + ANSWERS_KEPT * 1.01))
    assert Answer.objects.count() == 0


def test_an_answer_too_large_to_keep_is_told_of(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.models.answer.LARGEST", 10)
    bo = world.browser(world.bo)
    send(bo)
    assert send(bo).status_code == 409
    assert Invitation.objects.count() == 1


def test_whoever_is_killed_amid_counting_locks_nobody_out(world: World, monkeypatch: Any) -> None:
    """The lock around django-allauth's count is a row that its holder deletes."""
    browser = Client()
    page = fields(browser, "/account/login/") | {"login": "bo@lento.example", "password": PASSWORD}
    cache.clear()
    with monkeypatch.context() as killed:
        killed.setattr(type(caches["default"]), "delete", lambda *_: False)
        browser.post("/account/login/", page | {"password": "a guess"})
    assert browser.post("/account/login/", page).status_code == 302


def test_two_at_once_under_one_key_are_one(committed: World) -> None:
    browser = committed.browser(committed.bo)
    page = fields(browser, INVITE) | NELL
    answers: list[Any] = []
    together = threading.Barrier(2)

    def post() -> None:
        mine = Client()
        mine.cookies = browser.cookies
        together.wait()
        answers.append(mine.post(INVITE, page))
        connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer["Location"] for answer in answers] == [reverse("members", args=["cafe-lento"])] * 2
    assert sorted(REPLAYED in answer for answer in answers) == [False, True]
    assert Invitation.objects.count() == 1


def test_signing_in_twice_gives_both_the_same_session(committed: World) -> None:
    browser = Client()
    page = fields(browser, "/account/login/") | {"login": "bo@lento.example", "password": PASSWORD}
    cache.clear()
    before = browser.cookies.output()
    first = browser.post("/account/login/", page)
    again = Client()
    again.cookies.load(before.replace("Set-Cookie: ", ""))
    assert {name: morsel.value for name, morsel in again.post("/account/login/", page).cookies.items()} == {
        name: morsel.value for name, morsel in first.cookies.items()
    }
