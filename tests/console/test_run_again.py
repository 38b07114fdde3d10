"""A request that MySQL lost is run again, once there is a writer: and what it did, it did once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import OperationalError, connection, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from structlog.testing import capture_logs

from accounts.models import Answer, AuditEntry, Invitation
from console import asking, health
from console.once import patience
from console.once.answers import REPLAYED
from console.once.middleware import Once
from tests.accounts.test_second_factor import activate, careful
from tests.accounts.test_signing_in import sign_up
from tests.console.sending import INVITE, NELL, committed, send
from tests.endpoint import Endpoint
from tests.world import World

__all__ = ["committed"]


def test_what_breaks_half_way_leaves_nothing_and_may_be_sent_again(
    committed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = committed.browser(committed.bo)
    bo.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("jobs.mailing.invitations.send_invitation_soon", broken)
        assert send(bo).status_code == 500
    assert Invitation.objects.count() == Answer.objects.count() == 0
    assert send(bo).status_code == 302


def broken(*_: Any) -> None:
    raise RuntimeError("half way")


def failing(
    code: int, times: int, statement: str = "INSERT INTO `accounts_auditentry`"
) -> Callable[..., Any]:
    """For ``execute_wrapper``: so many statements that begin like this fail with MySQL's error."""
    left = iter(range(times))

    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(statement) and next(left, None) is not None:
            with connection.wrap_database_errors:
                raise connection.Database.OperationalError(code, "as if")
        return execute(sql, *rest)

    return fail


@pytest.mark.parametrize("code", [1213, 1205, 1290, 2006, 2013])
def test_run_again_after_a_fault_that_passes(committed: World, code: int) -> None:
    bo = committed.browser(committed.bo)
    with connection.execute_wrapper(failing(code, 2)):
        assert send(bo).status_code == 302
    assert Invitation.objects.count() == 1
    assert AuditEntry.objects.filter(verb__startswith="invitation").count() == 1


def test_a_connection_lost_beside_voids_the_attempt_too(
    committed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django's cache tells of none; django-allauth answers then that there were too many sign-ins."""
    monkeypatch.setitem(connections.settings, "beside", connection.settings_dict)
    answers = iter([HttpResponse(status=429), HttpResponse()])

    def view(_request: HttpRequest) -> HttpResponse:
        answer = next(answers)
        with suppress(OperationalError), connections["beside"].wrap_database_errors:
            if answer.status_code == 429:
                raise connection.Database.OperationalError(2013, "as if")
        return answer

    assert Once(view)(RequestFactory().post("/account/login/")).status_code == 200


def test_given_up_in_words_when_it_takes_too_long(committed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.2)
    bo = committed.browser(committed.bo)
    with connection.execute_wrapper(failing(2013, 1000)):
        answer = send(bo)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "will not be done twice" in answer.content.decode()
    assert Invitation.objects.count() == 0


def test_what_came_to_nothing_wrote_no_mail(committed: World) -> None:
    cache.clear()
    with connection.execute_wrapper(failing(2013, 2, "UPDATE `accounts_answer`")):
        assert sign_up(Client()).status_code == 302
    assert [letter.to for letter in mail.outbox] == [["cora@lento.example"]]


def test_any_other_error_is_not_tried_again(committed: World) -> None:
    bo = committed.browser(committed.bo)
    with connection.execute_wrapper(failing(1054, 1)), pytest.raises(OperationalError):
        send(bo)
    assert Invitation.objects.count() == 0


@contextmanager
def through_an_endpoint() -> Iterator[Endpoint]:
    """This thread's connection goes through a proxy that can lose an answer."""
    place = connection.settings_dict
    with Endpoint(int(place["PORT"])).running() as endpoint:
        connection.close()
        before, place["PORT"] = place["PORT"], endpoint.port
        try:
            yield endpoint
        finally:
            connection.close()
            place["PORT"] = before


def test_a_commit_whose_answer_is_lost_is_done_once(committed: World) -> None:
    bo = committed.browser(committed.bo)
    with through_an_endpoint() as endpoint:
        endpoint.swallow_commit()
        answer = send(bo, NELL, {"X-CSRFToken": "no key of its own"})
        assert endpoint.swallowed == 1
    assert (answer.status_code, answer[REPLAYED]) == (302, "true")
    assert Invitation.objects.count() == 1


def test_a_fault_while_the_first_answer_is_looked_up_passes_too(committed: World) -> None:
    bo = committed.browser(committed.bo)
    send(bo)
    with connection.execute_wrapper(failing(2013, 1, "SELECT `accounts_answer`")):
        assert (send(bo).status_code, Invitation.objects.count()) == (302, 1)


def test_connections_cut_between_requests_and_amid_them_fail_nobody(committed: World) -> None:
    bo = committed.browser(committed.bo)
    bo.raise_request_exception = False
    with through_an_endpoint() as endpoint:
        assert bo.get(reverse("members", args=["cafe-lento"])).status_code == 200
        endpoint.cut()
        assert bo.get(reverse("members", args=["cafe-lento"])).status_code == 200
        endpoint.cut()
        assert send(bo).status_code == 302


def test_what_follows_the_commit_still_knows_whose_request_it_was(committed: World, settings: Any) -> None:
    """django-allauth writes then to whoever set up a second factor, and has words for the page."""
    settings.MFA_TOTP_TOLERANCE = 1  # a code may be typed at the end of its half minute
    cache.clear()
    browser = careful()
    activate(browser)
    assert "Authenticator App Activated" in mail.outbox[-1].subject
    assert "Authenticator app activated" in browser.get("/account/2fa/").content.decode()


def test_what_breaks_after_the_commit_takes_nothing_back(committed: World, monkeypatch: Any) -> None:
    bo = committed.browser(committed.bo)
    enqueue = partial(transaction.on_commit, broken)
    monkeypatch.setattr("jobs.mailing.invitations.send_invitation_soon", lambda *_: enqueue())
    with capture_logs() as lines:
        assert send(bo).status_code == 302
    assert [line["event"] for line in lines if line["log_level"] == "error"] == [
        "done, but what follows the commit broke"
    ]
    assert Invitation.objects.count() == 1


def test_health_is_told_as_it_is(committed: World, unhurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client().get("/readyz").json()["ready"]
    asking.OWN.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", 1)
    told = Client().get("/readyz")
    assert (told.status_code, told.json()["database"]) == (200, "OperationalError")
    health._answered.clear()
    assert Client().get("/readyz").status_code == 503


def test_a_request_that_changes_nothing_costs_no_statement(
    world: World, django_assert_num_queries: Any
) -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    request = Client().get("/livez").wsgi_request
    with django_assert_num_queries(0):
        assert Once(view)(request).status_code == 200


def test_a_fault_in_a_middleware_is_no_error_when_the_next_attempt_does(committed: World) -> None:
    """The session is read by one: outside of the view that answers for it."""
    bo, left = committed.browser(committed.bo), iter([2013])
    bo.raise_request_exception = False

    def once(execute: Any, sql: str, *rest: Any) -> Any:
        if "FROM `django_session`" in sql and next(left, None):
            with connection.wrap_database_errors:
                raise connection.Database.OperationalError(2013, "as if")
        return execute(sql, *rest)

    with connection.execute_wrapper(once), capture_logs() as lines:
        assert bo.get(INVITE).status_code == 200
    assert next(left, None) is None
    assert {line["log_level"] for line in lines} == {"info"}
