"""What the load balancer and the metrics collector are told."""

import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from console import asking, health
from tests.servers import MariaDB
from tests.stack import wait_for

BALANCER = 4.0  # seconds it waits for an answer: terraform/app/balancer.tf


@pytest.fixture(autouse=True)
def _migrations_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", set())


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of one that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def answered_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database did, and everything is migrated; what was connected to then is not asked any more."""
    monkeypatch.setattr(health, "_migrated", {connection.settings_dict["NAME"]})
    monkeypatch.setattr(health, "_answered", deque([time.monotonic()], maxlen=1))
    asking.OWN.close()
    yield
    asking.OWN.close()


def told_in_time(prepare: Callable[[], object] = lambda: None) -> HttpResponse:
    """By the best of three: a machine that stalls in the middle of one is no slow console."""
    for _ in range(3):
        prepare()
        began = time.monotonic()
        answer = Client().get("/readyz")
        if time.monotonic() - began < BALANCER:
            return answer
    pytest.fail(f"Three times no answer within {BALANCER} s")


def test_living_needs_nobody(settings: Any) -> None:
    settings.AERIE_RELEASE = "0.1.0+1a2b3c4d"
    answer = Client().get("/livez")
    assert (answer.status_code, answer.content) == (200, b"ok 0.1.0+1a2b3c4d\n")


def test_ready_when_all_is_there(db: None, unhurried: None) -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json().values()) == {True, "ok"}


def test_not_ready_while_draining(db: None, unhurried: None, settings: Any, tmp_path: Path) -> None:
    settings.DRAIN_FILE = str(tmp_path / "drain")
    assert Client().get("/readyz").status_code == 200
    (tmp_path / "drain").touch()
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["drain"]) == (503, "draining")


def test_redis_away_is_told_but_keeps_nobody_out(db: None, unhurried: None, settings: Any) -> None:
    settings.REDIS_URL = settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["queue"] == answer.json()["live_store"] == "ConnectionError"


def test_a_silent_redis_keeps_nobody_out_either(
    db: None, answered_before: None, settings: Any, silent: int, measured: Callable[..., None]
) -> None:
    settings.REDIS_URL = settings.LIVE_STORE_URL = f"redis://127.0.0.1:{silent}/0"
    began = time.monotonic()
    answer = told_in_time()
    measured(time.monotonic() - began, "s until it answered")
    assert answer.status_code == 200
    assert answer.json()["queue"] == answer.json()["live_store"] == "TimeoutError"


def test_all_that_is_silent_at_once_is_told_in_time(
    db: None, answered_before: None, settings: Any, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = settings.LIVE_STORE_URL = f"redis://127.0.0.1:{silent}/0"
    monkeypatch.setitem(connection.settings_dict, "PORT", silent)
    answer = told_in_time()
    assert (answer.status_code, answer.json()["database"]) == (200, "OperationalError")


def test_a_database_that_hangs_is_told_in_time_and_forgiven_for_a_minute(
    db: None, answered_before: None, monkeypatch: pytest.MonkeyPatch, measured: Callable[..., None]
) -> None:
    with MariaDB.private() as server:
        for name, value in (("PORT", server.port), ("NAME", "aerie")):
            monkeypatch.setitem(connection.settings_dict, name, value)
        health._migrated.add("aerie")
        answer = told_in_time(lambda: hang_once_connected(server))
        assert (answer.status_code, answer.json()["database"]) == (200, "OperationalError")
        health._answered.append(time.monotonic() - health.FAIL_OVER)
        began = time.monotonic()
        assert told_in_time().status_code == 503
        measured(time.monotonic() - began, "s until it answered")


def hang_once_connected(server: MariaDB) -> None:
    server.process.send_signal(signal.SIGCONT)
    wait_for(lambda: Client().get("/readyz").json()["database"] == "ok", 60)
    server.process.send_signal(signal.SIGSTOP)


def test_who_asks_while_another_still_waits_is_told_in_time(db: None, answered_before: None) -> None:
    with asking.OWN.connection():
        answer = told_in_time()
    assert (answer.status_code, answer.json()["database"]) == (200, "OperationalError")


def test_not_ready_before_the_migrations(db: None, unhurried: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'devices'")
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "waiting for migrations")


def test_metrics_are_for_this_machine_alone(db: None) -> None:
    assert b"django_http_requests" in Client().get("/metrics").content
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 404
    assert Client(HTTP_X_FORWARDED_FOR="127.0.0.1").get("/metrics").status_code == 404


def test_metrics_behind_a_proxy_need_the_token(db: None, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    assert Client().get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "tell me"
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics").status_code == 404
    headers = {"Authorization": "Bearer tell me"}
    assert Client(REMOTE_ADDR="192.0.2.1").get("/metrics", headers=headers).status_code == 200
