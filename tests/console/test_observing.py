"""A request's id, level and count of statements, whatever becomes of it."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.http import StreamingHttpResponse
from django.http.request import UnreadablePostError
from django.test import Client, RequestFactory
from django.urls import reverse
from prometheus_client import REGISTRY

from console import health
from console.observing import ObserveRequest
from devices import statements
from devices.statements import Tally, fingerprint, tallied
from tests.console.lines import Lines, written
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def log() -> Iterator[Lines]:
    with written() as lines:
        yield lines


def broken(*_: object) -> str:
    raise ValueError("no passphrase=espresso here")


def test_a_trusted_proxys_id_is_kept_and_a_strangers_is_not(settings: Any) -> None:
    headers = {"X-Request-ID": "balancer-0001"}
    assert Client().get("/livez", headers=headers)["X-Request-ID"] != "balancer-0001"
    settings.TRUSTED_PROXIES = 1
    assert Client().get("/livez", headers=headers)["X-Request-ID"] == "balancer-0001"


@pytest.mark.parametrize("given", ["short", "x" * 129, 'quote"quote', "new\nline-new-line", "ünïcode-id", ""])
def test_an_id_that_is_none_is_made_anew(settings: Any, given: str) -> None:
    settings.TRUSTED_PROXIES = 1
    answer = Client().get("/livez", headers={"X-Request-ID": given})
    assert len(answer["X-Request-ID"]) == 32
    assert answer["X-Request-ID"].isalnum()


def test_an_error_is_one_line_with_its_trace_and_without_the_secret(log: Lines, monkeypatch: Any) -> None:
    monkeypatch.setattr(health, "_not_draining", broken)
    Client(raise_request_exception=False).get("/readyz")
    (line,) = log.all()
    assert (line["level"], line["status"], line["view"]) == ("error", 500, "readyz")
    assert "ValueError" in line["exception"]
    assert "espresso" not in log.getvalue()


def test_what_is_expected_to_be_away_is_a_warning(log: Lines, settings: Any, tmp_path: Any) -> None:
    (tmp_path / "drain").touch()
    settings.DRAIN_FILE = str(tmp_path / "drain")
    Client().get("/readyz")
    assert (log.request()["level"], log.request()["status"]) == ("warning", 503)


def test_a_visitor_who_goes_in_the_middle_of_his_request_is_no_error(log: Lines, monkeypatch: Any) -> None:
    def cut_off(*_: object) -> str:
        raise UnreadablePostError("gone")

    monkeypatch.setattr(health, "_not_draining", cut_off)
    Client(raise_request_exception=False).get("/readyz")
    assert (log.request()["level"], log.request()["cut_off"]) == ("info", True)


def test_a_visitors_mistake_is_information_and_the_balancers_questions_are_silent(log: Lines) -> None:
    Client().get("/no/such/page")
    Client().get("/livez")
    assert [(line["level"], line["status"]) for line in log.all()] == [("info", 404)]


def test_a_method_nobody_knows_is_refused_before_anything_counts_it() -> None:
    assert Client().generic("BREW", "/livez").status_code == 405
    assert b"BREW" not in Client().get("/metrics").content


def test_statements_are_counted_by_view(world: World) -> None:
    labels = {"view": "dashboard", "method": "GET"}
    client, count = world.browser(world.ada), "aerie_view_sql_statements_sum"
    before = REGISTRY.get_sample_value(count, labels) or 0
    client.get(reverse("dashboard", args=[world.cafe.slug]))
    assert (REGISTRY.get_sample_value(count, labels) or 0) > before + 3
    assert (REGISTRY.get_sample_value("aerie_view_sql_seconds_total", labels) or 0) > 0


def test_a_slow_statement_is_told_without_its_values(log: Lines, settings: Any) -> None:
    settings.SLOW_QUERY_SECONDS = 0.0
    before = REGISTRY.get_sample_value("aerie_slow_queries_total", {"view": "a view"}) or 0
    with tallied(Tally("a view")) as tally, connection.cursor() as cursor:
        cursor.execute("SELECT %s + 41, 'espresso', 7", [12345])
    line = log.of("slow query")[-1]
    assert (line["where"], line["statement"], tally.slow) == ("a view", "SELECT %s + ?, ?, ?", 1)
    assert "12345" not in log.getvalue()
    assert REGISTRY.get_sample_value("aerie_slow_queries_total", {"view": "a view"}) == before + 1


def test_quick_ones_are_not_and_failed_ones_count(log: Lines) -> None:
    with tallied(Tally("a view")) as tally, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        with pytest.raises(DatabaseError):
            cursor.execute("SELECT nonsense FROM nowhere")
    assert tally.count == 2
    assert log.of("slow query") == []


def test_a_shape_has_no_values_and_no_length() -> None:
    one = fingerprint(
        "SELECT a1 FROM  t\n WHERE id IN (%s, %s) AND n = 'it''s' AND x = \"\\\"\" AND y > 0x1F"
    )
    assert one == "SELECT a1 FROM t WHERE id IN (…) AND n = ? AND x = ? AND y > ?"
    assert fingerprint("INSERT INTO t VALUES (%s, %s), (%s, %s)") == "INSERT INTO t VALUES (…)"


def test_watching_twice_counts_once() -> None:
    statements.watch(connection)
    with tallied(Tally("a view")) as tally, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert tally.count == 1


def test_what_is_streamed_still_knows_its_request(log: Lines) -> None:
    def parts() -> Iterator[bytes]:
        yield b"one"
        logging.getLogger("test").warning("in the middle")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    request = RequestFactory().get("/")
    answer = ObserveRequest(lambda _request: StreamingHttpResponse(parts()))(request)
    assert b"".join(answer.streaming_content) == b"one"  # type: ignore[attr-defined]
    assert log.of("in the middle")[0]["request"] == answer["X-Request-ID"]
    assert log.of("streamed")[0]["sql"] == 1
