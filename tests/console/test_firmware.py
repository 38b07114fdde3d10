"""Firmware in the browser: uploaded, checked, shown, downloaded, withdrawn; and by whom not."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organisation
from devices import storage
from devices.firmware import inspecting, uploading
from devices.firmware.uploading import Details
from devices.models import AccessPoint, FirmwareImage
from devices.models.firmware import Channel, ImageState
from tests import images
from tests.world import World

UNSAID = Details()
JSON = {"Accept": "application/json"}


@pytest.fixture
def directory(settings: Any, tmp_path: Path) -> Path:
    """The storage of a single machine."""
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": backend, "OPTIONS": {"location": str(tmp_path)}}
    }
    return tmp_path


def ready(
    world: World, organisation: Organisation | None, content: bytes, details: Details = UNSAID
) -> FirmwareImage:
    image = uploading.keep(world.bo, organisation, "image.bin", io.BytesIO(content), len(content), details)
    inspecting.check(image.pk, lambda: None)
    image.refresh_from_db()
    return image


def address(name: str, world: World, *args: object) -> str:
    return reverse(name, args=(world.cafe.slug, *args))


def announce(world: World, browser: Client, size: int, **fields: object) -> Any:
    told = {"file_name": "image.bin", "size": size, "channel": "stable", **fields}
    return browser.post(address("new_firmware", world), told, headers=JSON)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def statements(browser: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as told:
        assert browser.get(page).status_code == 200
    return len(told)


def many(organisation: Organisation, count: int) -> None:
    known = {"organisation": organisation, "size": 1, "state": ImageState.READY, "compatibles": ["a_b"]}
    rows = [FirmwareImage(key=f"firmware/{n}", version=f"v1.{n}", **known) for n in range(count)]
    FirmwareImage.objects.bulk_create(rows)


def test_pages_cost_no_more_however_much_there_is(world: World, directory: Path) -> None:
    image, browser = ready(world, world.cafe, images.image()), world.browser(world.vi)
    pages = [address("firmware", world), address("firmware_image", world, image.pk)]
    AccessPoint.objects.filter(pk=world.counter.pk).update(compatible="edgecore_eap101")
    statements(browser, pages[0])  # the first page of a session writes the session down
    before = [statements(browser, page) for page in pages]
    many(world.cafe, 60)
    AccessPoint.objects.update(compatible="edgecore_eap101")
    after = [statements(browser, page) for page in pages]
    assert after == before
    assert max(after) <= 10


class TestUpload:
    def test_in_parts_to_the_storage_then_checked(self, world: World, directory: Path) -> None:
        browser, content = world.browser(world.bo), images.image(size=storage.PART)
        plan = announce(world, browser, len(content)).json()
        for number, url in enumerate(plan["urls"]):
            piece = content[number * plan["part_size"] : (number + 1) * plan["part_size"]]
            assert browser.put(url, piece, content_type="application/octet-stream").status_code == 200
        location = browser.post(plan["finish"]).json()["location"]
        assert "Checking…" in text(browser.get(location))
        inspecting.check(FirmwareImage.objects.get().pk, lambda: None)
        assert "TIP-v4.2.0" in text(browser.get(location, headers={"HX-Request": "true"}))

    def test_begun_twice_in_one_request_sent_again_it_is_one(self, world: World) -> None:
        """As a balancer sends it again when a console breaks off."""
        headers, bo = JSON | {"Idempotency-Key": "0c1f"}, world.browser(world.bo)
        told = {"file_name": "image.bin", "size": 100, "channel": "stable"}
        first, second = (bo.post(address("new_firmware", world), told, headers=headers) for _ in range(2))
        assert second.json() == first.json()
        assert second["Idempotency-Replayed"] == "true"
        assert FirmwareImage.objects.count() == 1

    def test_without_javascript(self, world: World, directory: Path) -> None:
        file = SimpleUploadedFile("image.bin", images.image(size=6_000_000))
        sent = {"file": file, "channel": "beta", "notes": "Try it"}
        answer = world.browser(world.bo).post(address("new_firmware", world), sent)
        image = FirmwareImage.objects.get()
        assert answer["Location"] == address("firmware_image", world, image.pk)
        assert (image.state, image.channel, image.notes) == ("checking", "beta", "Try it")

    def test_without_javascript_s3_says_so_in_words(self, world: World) -> None:
        sent = {"file": SimpleUploadedFile("image.bin", b"x"), "channel": "stable"}
        answer = world.browser(world.bo).post(address("new_firmware", world), sent)
        assert answer.status_code == 422
        assert "Uploading needs JavaScript here" in text(answer)

    def test_a_large_form_is_refused_unread_where_files_are_in_s3(self, world: World) -> None:
        sent = {"file": SimpleUploadedFile("image.bin", bytes(6_000_000)), "channel": "stable"}
        answer = world.browser(world.bo).post(address("new_firmware", world), sent)
        assert answer.status_code == 413

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"size": 0}, "The file is empty."),
            ({"size": uploading.MAX_SIZE + 1}, "larger than 512 MB"),
            ({"channel": "nightly"}, "nightly"),
            ({"hardware": "x" * 101}, "is not the name of hardware"),
            ({"sha256": "0" * 65}, "This is no SHA-256"),
            ({"signature": SimpleUploadedFile("a.minisig", b"\xff\xfe")}, "not a signature"),
            ({"signature": SimpleUploadedFile("a.minisig", b"hello")}, "not a signature"),
        ],
    )
    def test_what_cannot_be_is_refused_before_a_byte_is_sent(
        self, world: World, fields: dict[str, object], words: str
    ) -> None:
        answer = announce(world, world.browser(world.bo), **({"size": 100} | fields))
        assert answer.status_code == 422
        assert words in " ".join(error["words"] for error in answer.json()["errors"])
        assert not FirmwareImage.objects.exists()

    def test_hardware_is_named_in_either_spelling(self, world: World, directory: Path) -> None:
        announce(world, world.browser(world.bo), 9, hardware="edgecore,eap101, cig_wf188n\nEDGECORE_eap101")
        assert FirmwareImage.objects.get().compatibles == ["cig_wf188n", "edgecore_eap101"]

    def test_a_checksum_is_taken_as_it_was_published(self, world: World, directory: Path) -> None:
        announce(world, world.browser(world.bo), 9, sha256=f" {'AB' * 32}  eap101.bin\n")
        assert FirmwareImage.objects.get().sha256 == "ab" * 32

    def test_an_unfinished_upload_is_not_finished(self, world: World, directory: Path) -> None:
        browser = world.browser(world.bo)
        answer = browser.post(announce(world, browser, 9).json()["finish"])
        assert answer.status_code == 422
        assert "not arrived completely" in answer.json()["errors"][0]["words"]

    def test_given_up(self, world: World, directory: Path) -> None:
        browser = world.browser(world.bo)
        plan = announce(world, browser, 9).json()
        browser.post(plan["discard"])
        assert not FirmwareImage.objects.exists()
        assert browser.put(plan["urls"][0], b"123456789").status_code == 404

    def test_the_page_may_send_to_s3_and_other_pages_may_not(self, world: World) -> None:
        browser, origin = world.browser(world.bo), storage.upload_origin()
        assert origin
        assert origin in browser.get(address("new_firmware", world))["Content-Security-Policy"]
        assert origin not in browser.get(address("firmware", world))["Content-Security-Policy"]


class TestParts:
    def plan(self, world: World) -> str:
        return str(announce(world, world.browser(world.bo), 9).json()["urls"][0])

    @pytest.mark.parametrize("who", ["vi", "otto", "nobody"])
    def test_are_of_administrators_of_the_organisation(self, world: World, directory: Path, who: str) -> None:
        url = self.plan(world)
        assert world.browser(getattr(world, who)).put(url, b"123456789").status_code == 404

    def test_strangers_sign_in_first(self, world: World, directory: Path) -> None:
        assert world.browser().put(self.plan(world), b"123456789").status_code == 302

    @pytest.mark.parametrize("content", [b"", b"short", b"far too long"])
    def test_have_the_announced_size(self, world: World, directory: Path, content: bytes) -> None:
        answer = world.browser(world.bo).put(self.plan(world), content)
        assert (answer.status_code, text(answer)) == (400, "The part has not arrived completely.")

    def test_addresses_cannot_be_made_up(self, world: World, directory: Path) -> None:
        assert world.browser(world.bo).put("/uploads/parts/made-up/", b"1").status_code == 404


class TestDownload:
    def test_by_anyone_who_holds_a_link(self, world: World, directory: Path) -> None:
        image = ready(world, world.cafe, images.image())
        link = world.browser(world.vi).get(address("download_firmware", world, image.pk))["Location"]
        answer = world.browser().get("/files/" + link.split("/files/")[1])
        assert b"".join(answer.streaming_content) == images.image()
        assert answer["Content-Disposition"] == 'attachment; filename="image.bin"'
        assert answer["Content-Type"] == "application/octet-stream"

    def test_a_link_works_for_its_time_only(self, world: World, directory: Path, time_machine: Any) -> None:
        time_machine.move_to("2026-03-01 12:00", tick=False)
        link = "/files/" + storage.link("firmware/x", "x", 60).split("/files/")[1]
        time_machine.move_to("2026-03-01 12:01:01", tick=False)
        answer = world.browser().get(link)
        assert answer.status_code == 404

    def test_whatever_name_a_link_is_given(self, world: World, directory: Path) -> None:
        link = (
            "/files/"
            + storage.link(ready(world, world.cafe, images.image()).key, "x", 60).split("/files/")[1]
        )
        answer = world.browser().get(link.removesuffix("x") + "a%0D%0ASet-Cookie:%20b%22")
        answer.close()
        assert answer["Content-Disposition"] == 'attachment; filename="aSet-Cookie: b\\""'

    def test_a_bad_link_is_told_in_words(self, world: World, directory: Path) -> None:
        answer = world.browser().get("/files/made-up/image.bin")
        assert answer.status_code == 404
        assert "This link no longer works" in text(answer)

    def test_of_s3_is_signed_by_s3(self, world: World) -> None:
        image = ready(world, world.cafe, images.image())
        link = world.browser(world.vi).get(address("download_firmware", world, image.pk))["Location"]
        assert link.startswith(storage.upload_origin())
        assert "X-Amz-Expires=600" in link

    def test_of_a_refused_one_there_is_none(self, world: World, directory: Path) -> None:
        image = ready(world, world.cafe, b"%PDF")
        assert world.browser(world.bo).get(address("download_firmware", world, image.pk)).status_code == 404


class TestPages:
    @pytest.fixture(autouse=True)
    def _in_directory(self, directory: Path) -> None:
        pass

    def test_who_has_the_hardware_and_who_runs_it(self, world: World) -> None:
        has = AccessPoint.objects.filter(pk__in=[world.counter.pk, world.window.pk])
        has.update(compatible="edgecore_eap101", firmware="OpenWrt 23.05 / TIP-v4.1.0")
        AccessPoint.objects.filter(pk=world.counter.pk).update(firmware="OpenWrt 24.10 / TIP-v4.2.0")
        AccessPoint.objects.filter(pk=world.lobby.pk).update(compatible="edgecore_eap101")
        image = ready(world, world.cafe, images.image(version="TIP-v4.2.0"))
        shown = text(world.browser(world.vi).get(address("firmware_image", world, image.pk)))
        assert "1 of 2 run this version." in shown
        assert "Lobby" not in shown

    def test_a_refusal_is_read_and_cleared_away(self, world: World) -> None:
        image, browser = ready(world, world.cafe, b"%PDF"), world.browser(world.bo)
        assert "not a firmware image but a PDF" in text(
            browser.get(address("firmware_image", world, image.pk))
        )
        browser.post(address("discard_firmware", world, image.pk))
        assert not FirmwareImage.objects.exists()

    def test_withdrawn_and_offered_again(self, world: World) -> None:
        image, browser = ready(world, world.cafe, images.image()), world.browser(world.bo)
        browser.post(address("withdraw_firmware", world, image.pk))
        assert "Withdrawn: it is not offered" in text(browser.get(address("firmware_image", world, image.pk)))
        browser.post(address("offer_firmware", world, image.pk))
        image.refresh_from_db()
        assert image.offered

    def test_notes_and_channel_are_edited(self, world: World) -> None:
        image, browser = ready(world, world.cafe, images.image()), world.browser(world.bo)
        browser.post(address("edit_firmware", world, image.pk), {"channel": "candidate", "notes": "Better"})
        shown = text(browser.get(address("firmware_image", world, image.pk)))
        assert "Candidate" in shown
        assert "Better" in shown

    def test_images_for_everybody_are_seen_and_left_alone(self, world: World) -> None:
        image, browser = ready(world, None, images.image()), world.browser(world.bo)
        shown = text(browser.get(address("firmware_image", world, image.pk)))
        assert "offered to everybody" in shown
        assert "Withdraw" not in shown
        assert browser.post(address("withdraw_firmware", world, image.pk)).status_code == 404

    def test_images_for_everybody_are_seen_once_they_are_ready(self, world: World) -> None:
        image = ready(world, None, b"%PDF")
        assert image.state == ImageState.REFUSED
        assert world.browser(world.bo).get(address("firmware_image", world, image.pk)).status_code == 404

    def test_other_peoples_images_do_not_exist(self, world: World) -> None:
        image = ready(world, world.hotel, images.image(version="halde-1"))
        browser = world.browser(world.bo)
        assert browser.get(address("firmware_image", world, image.pk)).status_code == 404
        assert "halde-1" not in text(browser.get(address("firmware", world)))

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", ["v3.0", "v2.0", "v1.0"]),
            ("sort=version", ["v1.0", "v2.0", "v3.0"]),
            ("channel=beta", ["v2.0"]),
            ("hardware=c_d", ["v3.0"]),
            ("state=withdrawn", ["v1.0"]),
            ("state=ready", ["v3.0", "v2.0"]),
            ("q=V2", ["v2.0"]),
            ("q=nothing+like+it", []),
            ("channel=x&state=y&sort=z&page=-1", ["v3.0", "v2.0", "v1.0"]),
        ],
    )
    def test_the_list_is_filtered_and_sorted(self, world: World, query: str, expected: list[str]) -> None:
        first = ready(world, world.cafe, images.image("v1.0", ["a_b"]))
        ready(world, world.cafe, images.image("v2.0", ["a_b"]), Details(channel=Channel.BETA))
        ready(world, world.cafe, images.image("v3.0", ["c_d"]))
        uploading.withdraw(world.bo, first)
        shown = world.browser(world.vi).get(f"{address('firmware', world)}?{query}").content.decode()
        assert re.findall(r"/firmware/\d+/\">(v\d\.\d)</a>", shown) == expected

    def test_what_was_done_is_in_the_log(self, world: World) -> None:
        image = ready(world, world.cafe, images.image())
        uploading.withdraw(world.bo, image)
        shown = text(world.browser(world.vi).get(address("audit", world) + "?about=firmware"))
        assert "uploaded the firmware file image.bin" in shown
        assert "withdrew firmware TIP-v4.2.0" in shown
