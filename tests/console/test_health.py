"""What the load balancer and the metrics collector are told."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from console import health


@pytest.fixture(autouse=True)
def _migrations_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", set())


def test_living_needs_nobody(settings: Any) -> None:
    settings.AERIE_RELEASE = "0.1.0+1a2b3c4d"
    answer = Client().get("/livez")
    assert (answer.status_code, answer.content) == (200, b"ok 0.1.0+1a2b3c4d\n")


def test_ready_when_all_is_there(db: None) -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json().values()) == {True, "ok"}


def test_not_ready_while_draining(db: None, settings: Any, tmp_path: Path) -> None:
    settings.DRAIN_FILE = str(tmp_path / "drain")
    assert Client().get("/readyz").status_code == 200
    (tmp_path / "drain").touch()
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["drain"]) == (503, "draining")


def test_redis_away_is_told_but_keeps_nobody_out(db: None, settings: Any) -> None:
    settings.REDIS_URL = settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["queue"] == "ConnectionError"
    assert answer.json()["live_store"] == "StoreUnavailable"


def test_not_ready_before_the_migrations(db: None) -> None:
    from django.db import connection

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
