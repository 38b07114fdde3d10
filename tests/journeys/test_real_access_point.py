"""An OpenWiFi access point over mutual TLS: parked, claimed in the browser, configured, up to date.

Its part is played frame by frame from a recording, by a WebSocket client that
shares no code with the outpost or the simulated fleet.
"""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.outpost.certificates import Authority
from tests.stack import Browser, Stack, running_stack, wait_for
from tests.tls_threads import one_at_a_time

SERIAL = "903cb3aabb01"
SAMPLES = Path(__file__).parents[1] / "outpost" / "samples"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stack(authority: Authority) -> Iterator[Stack]:
    certificate, key = authority.issue(["localhost"])
    tls = {
        "OUTPOST_DEVICE_AUTH": "certificate",
        "OUTPOST_TLS_CERT": str(certificate),
        "OUTPOST_TLS_KEY": str(key),
        "OUTPOST_CLIENT_CA": str(authority.file),
    }
    with running_stack(0, **tls) as running:
        yield running


@pytest.fixture
def access_point(stack: Stack, authority: Authority) -> Iterator[ClientConnection]:
    context = one_at_a_time(ssl.create_default_context(cafile=authority.file))
    context.load_cert_chain(*authority.issue([SERIAL]))
    address = f"wss://localhost:{stack.outpost_port}/"
    subprotocols: Any = ["ucentral-broker"]
    with connect(
        address, ssl=context, subprotocols=subprotocols, compression=None, open_timeout=60
    ) as connection:
        yield connection


def test_claimed_in_the_browser_it_is_configured_and_reported_up_to_date(
    stack: Stack, access_point: ClientConnection
) -> None:
    browser = Browser(stack.url)
    access_point.send((SAMPLES / "ap-connect.json").read_text())
    claim(browser, "90:3C:B3:AA:BB:01")
    pushed = json.loads(access_point.recv(timeout=60))
    assert pushed["method"] == "configure"
    assert names(pushed["params"]["config"]) == {"Lento Staff", "Lento Guests"}
    access_point.send(json.dumps(applied(pushed)))
    wait_for(lambda: network_page_says(browser, "Up to date"), timeout=60, words=lambda: browser.text)


def claim(browser: Browser, serial: str) -> None:
    browser.go("/")
    browser.follow_link("/networks/\\d+/$")
    browser.follow_link("/access-points/add/")
    browser.fill(lines=serial)


def names(configuration: dict[str, Any]) -> set[str]:
    return {ssid["name"] for one in configuration["interfaces"] for ssid in one.get("ssids", [])}


def applied(pushed: dict[str, Any]) -> dict[str, Any]:
    status = {"error": 0, "text": "Success"}
    uuid = pushed["params"]["uuid"]
    return {
        "jsonrpc": "2.0",
        "id": pushed["id"],
        "result": {"serial": SERIAL, "uuid": uuid, "status": status},
    }


def network_page_says(browser: Browser, words: str) -> bool:
    browser.go("/")
    browser.follow_link("/networks/\\d+/$")
    return words in browser.page.select_one("td[data-label=Configuration]").get_text()
