"""Upgrades as a device does them: fetch, flash, start again, or one of the ways in which that fails."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from devices.simulation import commands
from devices.simulation.device import Fetch, Flash, HangUp
from devices.simulation.fleet import Fleet
from devices.simulation.image import Image, read
from devices.simulation.options import Options
from devices.simulation.thread import FleetThread
from tests.devices.simulation.documents import AT_ONCE, NOW, SERIAL, command, device, over, played, said
from tests.images import image, metadata, sysupgrade, with_metadata, with_signature

URI = "https://images.example.com/a/TIP-v4.2.0.bin?X-Signature=abc%2F"


class Files(BaseHTTPRequestHandler):
    """Serves what lies under a path; a cut one promises more than it sends."""

    files = {"/image.bin": image("TIP-v4.2.0"), "/empty.bin": b"", "/cut.bin": image()}

    def do_GET(self) -> None:
        content = self.files.get(self.path.split("?")[0])
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"") + 100 * (self.path == "/cut.bin")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def files() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextlib.contextmanager
def connected(cloud, one, **options) -> Iterator[FleetThread]:
    with FleetThread(Fleet(cloud.url, [one], Options(reconnect=0.01, **options))) as running:
        running.wait_connected()
        cloud.wait_for(lambda: cloud.sessions)
        yield running


def after(one, **shares):
    """What a device with these habits does once it has flashed."""
    one.habits = replace(AT_ONCE, **shares)
    *_, last = played(one, command("upgrade", uri=URI))
    one.boot(NOW)
    return last, one.hello(NOW)[0]["params"]


def test_every_flash_is_written_down():
    one = device(habits=replace(AT_ONCE, admin_seconds=10.0, download_seconds=20.0))
    (wait,) = commands.receive(one, command("upgrade", uri=URI), NOW)
    (fetch,) = wait.then(NOW + 30)
    assert isinstance(fetch, Fetch)
    assert one.flashes == []
    fetch.then(Image("OpenWrt 25.12 / TIP-v4.2.0"), NOW + 40)
    assert one.flashes == [Flash(NOW, NOW + 40, "OpenWrt 25.12 / TIP-v4.2.0")]


@pytest.mark.parametrize(
    ("share", "reason"), [("upgrade_fail_share", "upgradefailed"), ("upgrade_stale_share", "reboot")]
)
def test_one_that_fails_flashes_and_comes_back_on_the_old_firmware(share, reason):
    one = device()
    last, params = after(one, **{share: 1.0})
    assert last == HangUp(0.0, reason)
    assert (params["firmware"], params["reason"]) == (one.hardware.firmware, reason)
    assert [flash.firmware for flash in one.flashes] == ["TIP-v4.2.0"]


def test_one_that_falls_silent_never_comes_back():
    last, _ = after(device(), upgrade_silent_share=1.0)
    assert last == HangUp(None, "it did not start again")


def test_a_failed_download_answers_with_an_error_and_changes_nothing():
    one = device()
    (fetch,) = over_waits(one)
    (answer,) = said(fetch.then(None, NOW))
    assert answer["result"]["status"] == {"error": 1, "text": "Download failed", "resultCode": 1}
    assert (one.flashes, one.reason, one.memory.firmware) == ([], "coldboot", one.hardware.firmware)


def over_waits(one):
    (wait,) = commands.receive(one, command("upgrade", uri=URI), NOW)
    return wait.then(NOW)


def test_a_reboot_during_the_download_forgets_it():
    one = device()
    (fetch,) = over_waits(one)
    one.boot(NOW)
    assert fetch.then(Image(), NOW) == []
    assert one.flashes == []


def test_a_reboot_forgets_what_waited_for_its_turn():
    one = device()
    (wait,) = commands.receive(one, command("wifiscan"), NOW)
    assert commands.receive(one, command("upgrade", uri=URI), NOW) == []
    one.boot(NOW)
    assert over([wait]) == []
    assert len(commands.receive(one, command("leds", pattern="on"), NOW)) == 1


@pytest.mark.parametrize("content", [image("TIP-v4.2.0"), with_signature(image("TIP-v4.2.0"), b"signature")])
def test_an_image_says_what_it_is(content):
    assert read(content) == read(content[-2000:]) == Image("OpenWrt TIP-v4.2.0")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"FWx0",
        sysupgrade(1000),
        with_metadata(b"x", b"not json"),
        with_metadata(b"x", b"[]"),
        with_metadata(b"x", metadata("", [])[:-2]),
        image()[:-1],
    ],
)
def test_what_does_not_say_is_nameless(content):
    assert read(content) == Image()


def test_the_image_is_really_fetched_and_believed(cloud, files):
    with connected(cloud, device()):
        cloud.send(SERIAL, "upgrade", uri=f"{files}/image.bin?token=1")
        cloud.wait_for(lambda: len(cloud.all("connect")) == 2)
        assert cloud.all("connect")[1]["params"]["firmware"] == "OpenWrt TIP-v4.2.0"


@pytest.mark.parametrize("name", ["missing.bin", "empty.bin", "cut.bin"])
def test_what_cannot_be_fetched_whole_is_not_flashed(cloud, files, name):
    with connected(cloud, device()) as running:
        cloud.send(SERIAL, "upgrade", uri=f"{files}/{name}")
        (answer,) = cloud.wait_for(cloud.results)
        assert answer["result"]["status"]["text"] == "Download failed"
        assert running.device(SERIAL).flashes == []
        assert running.fleet.figures.counts.failed_downloads == 1


@pytest.mark.parametrize("uri", ["ftp://127.0.0.1/v4.9.9.bin", "http://127.0.0.1:1/v4.9.9.bin", "v4.9.9.bin"])
def test_nobody_there_is_an_error_too(cloud, uri):
    with connected(cloud, device()):
        cloud.send(SERIAL, "upgrade", uri=uri)
        (answer,) = cloud.wait_for(cloud.results)
        assert answer["result"]["status"]["error"] == 1


def test_without_downloads_the_name_is_believed(cloud):
    with connected(cloud, device(), downloads=False):
        cloud.send(SERIAL, "upgrade", uri="http://127.0.0.1:1/v4.9.9.bin")
        cloud.wait_for(lambda: len(cloud.all("connect")) == 2)
        assert cloud.all("connect")[1]["params"]["firmware"] == "v4.9.9"
