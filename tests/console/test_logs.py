"""Every line is JSON and says whose it is; no link that opens a door, no secret, nobody's mail address is."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.test import Client
from django.urls import reverse

from console.masks import mask_text, masked
from tests.architecture.addresses import routes
from tests.console.lines import Lines, written
from tests.world import COUNTER, World

pytestmark = pytest.mark.django_db

LINKS = [
    "/invitation/s3cr3t-T0ken/",
    "/unsubscribe/1-1.s3cr3t-T0ken/",
    "/account/confirm-email/MQ:1x:s3cr3t/",
    "/account/password/reset/key/1-s3cr3t/",
    "/files/s3cr3t-T0ken/image.bin",
    "/uploads/parts/s3cr3t-T0ken/",
]
MARK = "s3cr3t-M4rk"
# What a form of ours may hold that is nobody's business, each with the mark in it.
FIELDS = ["password", "password1", "oldpassword", "passphrase", "login", "email", "code", "secret", "token"]
FIELDS += ["radius_secret", "recipients", "subject", "q", "name", "serials", "csrfmiddlewaretoken", "change"]
POSTED = {name: f"{MARK}-{name}@lento.example" for name in FIELDS}


@pytest.fixture
def log() -> Iterator[Lines]:
    with written() as lines:
        yield lines


@pytest.mark.parametrize("link", LINKS)
def test_following_a_mailed_link_leaves_no_key_in_the_log(log: Lines, link: str) -> None:
    Client().get(link)
    assert log.request()["path"].startswith(link[: link.index("s3cr3t")].rsplit("/", 1)[0] + "/…")
    assert "s3cr3t" not in log.getvalue()


def test_nor_does_an_exception_that_quotes_it(log: Lines) -> None:
    try:
        raise ValueError(f"no answer for {LINKS[0]} ")
    except ValueError:
        structlog.get_logger("test").exception("broken", path=LINKS[2])
    assert "no answer for /invitation/" in log.getvalue()
    assert "s3cr3t" not in log.getvalue()


def test_no_view_writes_what_it_was_told(world: World, log: Lines) -> None:
    """Every address, as its owner and as nobody, with marks in query, form and headers."""
    addresses = [route.address(world) for route in routes()] + [reverse("account_login"), "/no/such/page/"]
    headers = {"Authorization": f"Bearer {MARK}", "HX-Current-URL": f"/{MARK}/", "User-Agent": MARK}
    for client in (world.browser(world.ada), Client()):
        client.cookies["other"] = MARK
        for address in addresses:
            client.get(address, {"q": MARK, "next": f"/{MARK}"}, headers=headers)
            client.post(address, POSTED, headers=headers)
    assert len(log.of("request")) > 2 * len(addresses)
    found = [
        line for line in log.getvalue().splitlines() if MARK in line or "@" in line.split('"release"')[0]
    ]
    assert found == []


def test_every_line_names_its_release_and_its_request(world: World, log: Lines) -> None:
    client = world.browser(world.ada)
    for route in routes():
        client.get(route.address(world))
    lines = log.all()
    assert len(lines) > 50
    assert [line for line in lines if not {"release", "timestamp", "level", "logger"} <= set(line)] == []
    assert [line for line in log.of("request") if len(line["request"]) != 32] == []


def test_the_line_of_a_request_says_who_about_what_and_how_long(world: World, log: Lines) -> None:
    answer = world.browser(world.ada).get(reverse("access_point", args=[world.cafe.slug, COUNTER]))
    line = log.request()
    about = {"organisation": world.cafe.slug, "organisation_id": world.cafe.pk, "serial": COUNTER}
    assert about | {"user": world.ada.pk, "view": "access_point", "status": 200, "level": "info"} == {
        name: line[name] for name in (*about, "user", "view", "status", "level")
    }
    assert line["request"] == answer["X-Request-ID"]
    assert line["sql"] > 3
    assert 0 < line["sql_seconds"] < line["seconds"]


def test_lines_in_the_middle_of_it_say_so_too(world: World, log: Lines) -> None:
    world.browser(world.ada).post(reverse("network_settings", args=[world.cafe.slug, world.harbour.pk]), {})
    Client().post("/uploads/s3cr3t-T0ken/", b"", content_type="application/octet-stream")
    refused = log.of("upload refused")[-1]
    assert refused["request"] == log.request()["request"]
    assert log.of("request")[-2]["network"] == world.harbour.pk


MASKED = [
    ("mysql://aerie:hunter2@db.internal/aerie", "mysql://…@db.internal/aerie"),
    ("Duplicate entry 'ada@lento.example' for key 'email'", "Duplicate entry '…' for key 'email'"),
    ('{"passphrase": "espresso doppio", "ssid": 1}', '{"passphrase": …, "ssid": 1}'),
    ('{"passphrase": "espresso \\"doppio\\"", "ssid": 1}', '{"passphrase": …, "ssid": 1}'),
    ("OUTPOST_STORE_KEYS=b25l,dHdv is refused", "OUTPOST_STORE_KEYS=… is refused"),
    ("SECRET_KEY: 'it\\'s one'", "SECRET_KEY: …"),
    ("Authorization: Bearer abc.def-123", "Authorization: Bearer …"),
    ("task mail:alert:7:bo@lento.example", "task mail:alert:7:…"),
    ("GET /f?X-Amz-Signature=abc&x=1", "GET /f?X-Amz-Signature=…&x=1"),
    ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- x", "… x"),
]


@pytest.mark.parametrize(("text", "instead"), MASKED)
def test_what_slips_into_a_text_is_masked(text: str, instead: str) -> None:
    assert mask_text(text) == instead


def test_so_is_whatever_has_the_name_of_a_secret_at_any_depth() -> None:
    given: Any = {"a": [{"new_password": "x"}], "SECRET_KEY": "y", "user": 5, "email": "", "keys": ("k",)}
    assert masked(given) == {
        "a": [{"new_password": "…"}],
        "SECRET_KEY": "…",
        "user": 5,
        "email": "",
        "keys": ["k"],
    }
