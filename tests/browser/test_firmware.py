"""Uploading an image in a real browser, in parts, straight to a real S3."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, Route, expect

from devices import storage
from devices.firmware import inspecting
from devices.models import FirmwareImage
from devices.models.firmware import ImageState
from tests import images
from tests.world import World

SIZE = 20_000_000


@pytest.fixture
def welcome_hosts() -> set[str]:
    """The storage's, besides our own."""
    return {urlsplit(storage.upload_origin()).netloc}


@pytest.fixture
def upload_page(page: Page, live_server: Any, world: World, sign_in: Callable[..., None]) -> Page:
    sign_in(world.bo)
    page.goto(live_server.url + reverse("new_firmware", args=[world.cafe.slug]))
    return page


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    path = tmp_path / "eap101.bin"
    path.write_bytes(images.image(size=SIZE))
    return path


def choose(page: Page, file: Path) -> None:
    page.get_by_label("Image file").set_input_files(file)
    page.get_by_role("button", name="Upload").click()


def kept() -> bytes:
    return b"".join(storage.chunks(FirmwareImage.objects.get().key))


@pytest.mark.django_db(transaction=True)
def test_an_image_goes_to_s3_in_parts_and_is_checked(
    upload_page: Page, image_file: Path, assert_accessible: Callable[[Page], None]
) -> None:
    """The bar is seen on its way; the page turns from Checking to Ready by itself."""
    page, puts, seen = upload_page, [], []
    page.on("request", lambda request: puts.append(request.url) if request.method == "PUT" else None)
    page.expose_function("seen", lambda value: seen.append(value))
    page.evaluate(
        "() => new MutationObserver(() => window.seen(document.querySelector('progress').value))"
        ".observe(document.querySelector('#upload-progress'), {subtree: true, attributes: true})"
    )
    choose(page, image_file)
    expect(page.get_by_text("The file is read once from end to end")).to_be_visible()
    assert len(puts) == 3
    assert seen[-1] == 100
    assert_accessible(page)
    assert kept() == image_file.read_bytes()
    inspecting.check(FirmwareImage.objects.get().pk, lambda: None)
    expect(page.get_by_role("heading", name="Access points with this hardware")).to_be_visible()
    assert_accessible(page)


@pytest.mark.django_db(transaction=True)
@pytest.mark.expects_status(503)
def test_a_part_that_fails_is_sent_again(
    upload_page: Page, image_file: Path, context: BrowserContext
) -> None:
    failed: list[str] = []

    def fail_once(route: Route) -> None:
        number = re.findall(r"partNumber=(\d+)", route.request.url)
        if route.request.method == "PUT" and number and not failed:
            failed.append(route.request.url)
            route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.continue_()

    context.route(f"{storage.upload_origin()}/**", fail_once)
    choose(upload_page, image_file)
    read = upload_page.get_by_text("The file is read once from end to end")
    expect(read).to_be_visible()
    assert len(failed) == 1
    assert kept() == image_file.read_bytes()


@pytest.mark.django_db(transaction=True)
@pytest.mark.expects_status(503)
def test_what_could_not_be_sent_is_sent_on_demand_and_nothing_twice_at_once(
    upload_page: Page, image_file: Path, context: BrowserContext
) -> None:
    """The second part hangs while the first fails five times: it is given up, and sent anew with it."""
    page, dropped = upload_page, []
    parts = re.compile(re.escape(storage.upload_origin()))

    def poor(route: Route) -> None:
        if "partNumber=1&" in route.request.url:
            route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})
        elif "partNumber=2&" not in route.request.url:
            route.continue_()

    page.on("requestfailed", lambda request: dropped.append(request.url) if request.method == "PUT" else None)
    page.clock.install()
    context.route(parts, poor)
    choose(page, image_file)
    while not page.get_by_role("button", name="Send the rest").is_visible():
        page.clock.run_for(1000)
    context.unroute(parts)
    page.get_by_role("button", name="Send the rest").click()
    expect(page.get_by_text("The file is read once from end to end")).to_be_visible()
    assert [url for url in dropped if "partNumber=2&" in url]
    assert kept() == image_file.read_bytes()


@pytest.mark.django_db(transaction=True)
def test_pressed_twice_it_is_one_upload(upload_page: Page, image_file: Path) -> None:
    upload_page.get_by_label("Image file").set_input_files(image_file)
    upload_page.get_by_role("button", name="Upload").dblclick()
    expect(upload_page.get_by_text("The file is read once from end to end")).to_be_visible()
    assert FirmwareImage.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.expects_status(403)
def test_who_was_signed_out_is_told_that_nothing_was_sent(
    upload_page: Page, image_file: Path, context: BrowserContext
) -> None:
    context.clear_cookies()
    choose(upload_page, image_file)
    expect(upload_page.get_by_role("alert")).to_contain_text("Nothing could be sent")


@pytest.mark.django_db(transaction=True)
@pytest.mark.expects_status(422)
def test_a_refusal_is_read_on_the_page_and_nothing_is_lost(upload_page: Page, tmp_path: Path) -> None:
    page, empty = upload_page, tmp_path / "empty.bin"
    empty.touch()
    page.get_by_label("Version").fill("4.2")
    choose(page, empty)
    expect(page.get_by_role("alert")).to_contain_text("The file is empty.")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Version")).to_have_value("4.2")
    assert not FirmwareImage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_giving_up_leaves_nothing(upload_page: Page, image_file: Path, context: BrowserContext) -> None:
    page = upload_page
    context.route(f"{storage.upload_origin()}/**", lambda route: None)  # the storage never answers
    choose(page, image_file)
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Give up").click()
    expect(page.get_by_role("button", name="Upload")).to_be_visible()
    assert not FirmwareImage.objects.filter(state=ImageState.UPLOADING).exists()


@pytest.mark.django_db(transaction=True)
def test_every_page_is_accessible(
    page: Page,
    live_server: Any,
    world: World,
    sign_in: Callable[..., None],
    assert_accessible: Callable[[Page], None],
) -> None:
    sign_in(world.bo)
    known = {"organisation": world.cafe, "size": 9_000_000, "state": ImageState.READY, "sha256": "a" * 64}
    image = FirmwareImage.objects.create(
        version="TIP-v4.2.0", compatibles=["edgecore_eap101"], key="k", **known
    )
    named = [("firmware", []), ("new_firmware", [])]
    named += [(name, [image.pk]) for name in ("firmware_image", "edit_firmware", "withdraw_firmware")]
    for name, arguments in named:
        page.goto(live_server.url + reverse(name, args=[world.cafe.slug, *arguments]))
        assert_accessible(page)
