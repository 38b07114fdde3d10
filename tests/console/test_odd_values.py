"""Whatever is sent to whichever address, the console answers in words: never with an error of its own."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from outpost.store.contract import Seen
from tests.architecture.addresses import PARAMETER, Route, routes
from tests.console.air import OnAir, _on_the_store, put_on_air
from tests.world import World

HUGE = "9" * 40
TEXTS = (
    "",
    "\0",
    "a\0b",
    HUGE,
    "-1",
    "²",
    "١",
    "1e400",
    "\ud7ff\u202e\ufeff\u2028",
    "😀" * 200,
    "%s%(x)s{0}{x}",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "' OR 1=1 -- \\",
    "%",
    "x" * 5000,
    "\r\nSet-Cookie: a=b",
)
NUMBERS = ("0", str(2**31), str(2**63 - 1), str(2**63), HUGE, "1" * 5000)
SLUGS = ("-", "_", "x" * 5000, "null", HUGE)
QUERY = (
    *("q", "sort", "page", "link", "configuration", "firmware", "tag", "state"),
    *("wave", "image", "network", "access_point", "ssid", "about", "by", "revision", "next", "span"),
)  # fmt: skip
FIELDS = (
    *("lines", "file", "name", "network", "role", "email", "organisation", "country", "timezone", "typed"),
    *("window_start", "window_end", "base", "draft", "enabled", "guest", "security", "passphrase", "vlan"),
    *("radius_host", "radius_port", "radius_secret", "radius_accounting_port", "bands", "download_mbps"),
    "month",
    *("image", "scope", "networks", "tag", "tags", "access_point", "starts", "zone", "pace", "share_1"),
    *("soak_1", "soak_last", "budget", "budget_unit", "attempts", "answer_minutes", "at_once", "step"),
    *("downgrades",),
    *("upload_mbps", "captive", "isolate", "hidden"),
    *("duration", "where", "interface", "mac", "whole", "data"),
)  # fmt: skip


@pytest.fixture
def ada(world: World, on_air: list[OnAir]) -> Iterator[Client]:
    """Signed in, and still in after all; an error of ours comes back as a page instead of an exception."""
    client = Client(raise_request_exception=False)
    client.force_login(world.ada)
    yield client
    assert client.get(reverse("network", args=["cafe-lento", world.harbour.pk])).status_code == 200


@pytest.fixture
def on_air(world: World) -> list[OnAir]:
    return put_on_air(world.harbour)


def odd_addresses(route: Route, world: World) -> Iterator[str]:
    """The route's address with an odd value for one of its parameters at a time."""
    for found in PARAMETER.finditer(route.pattern):
        values = NUMBERS if found[0].startswith("<int:") else SLUGS
        yield from (route.address(world, **{found[1]: value}) for value in values)


def rewritten(state: Any, text: str) -> Any:
    """The state with every text in it replaced."""
    if isinstance(state, dict):
        return {key: rewritten(value, text) for key, value in state.items()}
    if isinstance(state, list):
        return [rewritten(value, text) for value in state]
    return text if isinstance(state, str) else state


def told(one: OnAir, text: str) -> None:
    """The access point reports ``text`` wherever it may write: host names, SSIDs, events, log, firmware."""
    state = json.dumps(rewritten(one.device.state(time.time())["params"]["state"], text))
    seen = Seen(one.device.serial, one.session, time.time(), one.device.uuid, state.encode())
    _on_the_store(lambda store: store.seen([seen]))
    one.happens("client.join", client=text, ssid=text)
    one.happens(text[:40])
    one._fact("log", text=text, severity=3)
    one._fact("refused", uuid=one.device.uuid, text=text, rejected=[text])
    one._fact("connected", uuid=one.device.uuid, firmware=text, compatible=text, capabilities={"model": text})


def broken(answers: Iterator[tuple[str, Any]]) -> list[str]:
    return [f"{what[:120]}: {answer.status_code}" for what, answer in answers if answer.status_code >= 500]


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_odd_address_breaks_a_page(world: World, ada: Client, method: str) -> None:
    asked = (
        (address, getattr(ada, method)(address)) for r in routes() for address in odd_addresses(r, world)
    )
    assert broken(asked) == []


@pytest.mark.parametrize("text", TEXTS)
def test_no_odd_query_breaks_a_page(world: World, ada: Client, text: str) -> None:
    query = dict.fromkeys(QUERY, text)
    assert broken((r.pattern, ada.get(r.address(world), query)) for r in routes()) == []


@pytest.mark.parametrize("text", TEXTS)
def test_no_odd_field_breaks_a_form(world: World, ada: Client, text: str) -> None:
    sent = dict.fromkeys(FIELDS, text)
    addresses = {route.address(world) for route in routes()}
    assert broken((address, ada.post(address, sent)) for address in sorted(addresses)) == []


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_an_access_point_says_breaks_a_page_or_runs_in_it(
    world: World, ada: Client, on_air: list[OnAir], text: str
) -> None:
    told(on_air[0], text)
    pages = [(route.pattern, ada.get(route.address(world))) for route in routes()]
    assert broken(iter(pages)) == []
    html = [(where, page) for where, page in pages if page.headers["Content-Type"].startswith("text/html")]
    assert len(html) > 20
    assert [where for where, page in html if b"<script>alert" in page.getvalue()] == []


def test_no_odd_file_breaks_claiming(world: World, ada: Client) -> None:
    files = (b"", b"\0", b"\xff\xfe=1+1", b'"' * 200_000, b",;\t\n" * 1000, "😀\u2028".encode() * 500)
    addresses = [r.address(world) for r in routes() if r.pattern.endswith(("/setup/access-points/", "/add/"))]
    asked = (
        (address, ada.post(address, {"file": SimpleUploadedFile("a.csv", content)}))
        for address in addresses
        for content in files
    )
    assert len(addresses) == 2
    assert broken(asked) == []
