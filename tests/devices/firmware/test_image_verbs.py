"""An image's life: it arrives, is checked, and is ready or refused in words; twice comes to the same."""

import hashlib
import io
from typing import Any

import pytest
from django.utils import timezone as clock

from accounts.models import AuditEntry
from accounts.refusal import Refusal
from devices import storage
from devices.firmware import inspecting, offers, uploading
from devices.firmware.uploading import Details
from devices.models import FirmwareImage, Task
from devices.models.firmware import Channel, ImageState, ImmutableImage
from devices.models.task import MAX_ATTEMPTS
from jobs import dispatch, firmware
from tests import images
from tests.world import World

UNSAID = Details()
NAMED = Details(version="4.2", compatibles=("edgecore,eap101",))


@pytest.fixture(autouse=True)
def _in_directory(settings: Any, tmp_path: Any) -> None:
    backend = "django.core.files.storage.FileSystemStorage"
    kept = {"BACKEND": backend, "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = settings.STORAGES | {"default": kept}


def sent(world: World, content: bytes, details: Details = UNSAID, announced: int = 0) -> FirmwareImage:
    """An image whose file arrived and waits for its check."""
    size = announced or len(content)
    return uploading.keep(world.bo, world.cafe, "image.bin", io.BytesIO(content), size, details)


def checked(world: World, content: bytes, details: Details = UNSAID, announced: int = 0) -> FirmwareImage:
    image = sent(world, content, details, announced)
    firmware.check(Task.claim(Task.objects.get(key=f"firmware:{image.pk}").pk, clock.now()))
    image.refresh_from_db()
    return image


def refusal(world: World, content: bytes, details: Details = UNSAID, announced: int = 0) -> str:
    """The words; and the file is gone."""
    image = checked(world, content, details, announced)
    assert image.state == ImageState.REFUSED
    with pytest.raises(FileNotFoundError):
        storage.read(image.key)
    return image.refusal


def test_an_image_says_itself_what_it_is(world: World) -> None:
    content = images.image(version="TIP-v4.2.0", compatibles=["edgecore,eap101"])
    image = checked(world, content)
    assert (image.state, image.version, image.compatibles) == ("ready", "TIP-v4.2.0", ["edgecore_eap101"])
    assert image.size == len(content)
    assert b"".join(storage.chunks(image.key)) == content
    assert len(image.sha256) == 64


def test_what_an_image_does_not_say_is_entered(world: World) -> None:
    image = checked(world, images.sysupgrade(), NAMED)
    assert (image.state, image.version, image.compatibles) == ("ready", "4.2", ["edgecore_eap101"])


def test_the_checksum_that_was_published_is_compared(world: World) -> None:
    content = images.image()
    assert "SHA-256 that was entered, 0000" in refusal(world, content, Details(sha256="0" * 64))
    published = Details(sha256=hashlib.sha256(content).hexdigest())
    assert checked(world, content, published).state == "ready"


def test_a_check_that_never_comes_to_its_end_is_given_up_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, states = sent(world, images.image()), []
    task = Task.objects.filter(key=f"firmware:{image.pk}")
    pk, later = task.get().pk, clock.now()
    monkeypatch.setattr(storage, "chunks", lambda key: 1 / 0)
    for _ in range(MAX_ATTEMPTS):
        task.update(run_after=later)
        dispatch.perform(pk)
        image.refresh_from_db()
        states.append(image.state)
    assert states == ["checking"] * (MAX_ATTEMPTS - 1) + ["refused"]
    assert image.refusal.startswith("The file could not be checked")
    assert not task.exists()


def test_empty(world: World) -> None:
    with pytest.raises(Refusal, match="empty"):
        sent(world, b"")
    assert refusal(world, b"", announced=5) == "The file is empty."


@pytest.mark.parametrize(
    ("content", "announced"),
    [
        (images.sysupgrade()[:9000], 0),
        (images.image()[:-1000], len(images.image())),
        (b"hsqs" + b"\xff" * 200, 0),
        (b"\x27\x05\x19\x56" + b"\x7f" * 200, 0),
    ],
)
def test_truncated(world: World, content: bytes, announced: int) -> None:
    assert refusal(world, content, NAMED, announced).startswith("The file is incomplete")


def test_damaged(world: World) -> None:
    content = bytearray(images.image())
    content[5000] ^= 1
    assert refusal(world, bytes(content)).startswith("The file is damaged or incomplete")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7" + bytes(99), "a PDF document"),
        (b"\x89PNG" + bytes(99), "a picture"),
        (b"PK\x03\x04" + bytes(99), "an archive"),
        (b"<!doctype html>404", "a web page"),
        (b"\x7fELF" + bytes(99), "a program"),
        (b"release notes\n", "a text file"),
    ],
)
def test_wrong_type(world: World, content: bytes, kind: str) -> None:
    assert refusal(world, content, NAMED).startswith(f"This is not a firmware image but {kind}")


def test_wrong_model(world: World) -> None:
    words = refusal(
        world, images.image(compatibles=["cig,wf188n"]), Details(compatibles=("edgecore_eap101",))
    )
    assert words == "The image is for cig_wf188n, not for edgecore_eap101."


def test_neither_said_nor_entered(world: World) -> None:
    assert "which hardware" in refusal(world, images.sysupgrade(), Details(version="4.2"))
    assert "which version" in refusal(world, images.sysupgrade(), Details(compatibles=("a_b",)))


def test_a_stepping_stone_above_the_image_is_refused(world: World) -> None:
    assert "older than v9.0" in refusal(world, images.image(), Details(minimum_version="v9.0"))


def test_duplicate(world: World) -> None:
    checked(world, images.image())
    words = refusal(world, images.image())
    assert words == "The very same file is here already, as version TIP-v4.2.0."


def test_duplicate_of_one_that_is_offered_to_everybody(world: World) -> None:
    content = images.image()
    everybodys = uploading.keep(None, None, "a.bin", io.BytesIO(content), len(content), Details())
    inspecting.check(everybodys.pk, lambda: None)
    assert "here already" in refusal(world, content)


def test_another_organisation_may_have_the_same_file(world: World) -> None:
    content = images.image()
    checked(world, content)
    theirs = uploading.keep(world.otto, world.hotel, "a.bin", io.BytesIO(content), len(content), Details())
    inspecting.check(theirs.pk, lambda: None)
    theirs.refresh_from_db()
    assert theirs.state == ImageState.READY


def test_two_checks_at_once_make_one_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other is through between our look and our write: the unique fingerprint decides."""
    one, other = sent(world, images.image()), sent(world, images.image())
    monkeypatch.setattr(inspecting, "_check_new", lambda *_: None)
    for image in (one, other):
        inspecting.check(image.pk, lambda: None)
        image.refresh_from_db()
    assert (one.state, other.state) == (ImageState.READY, ImageState.REFUSED)


class TestSignatures:
    @pytest.fixture(autouse=True)
    def _trusted(self, settings: Any) -> None:
        settings.FIRMWARE_PUBLIC_KEYS = [images.Signer().public_key]

    @pytest.mark.parametrize("legacy", [False, True])
    def test_a_trusted_one_is_named(self, world: World, legacy: bool) -> None:
        text = images.Signer().sign(images.image(), legacy=legacy)
        image = checked(world, images.image(), Details(signature=text))
        assert (image.state, image.signed_by) == (ImageState.READY, "0807060504030201")

    @pytest.mark.parametrize("legacy", [False, True])
    def test_of_another_file(self, world: World, legacy: bool) -> None:
        text = images.Signer().sign(b"another", legacy=legacy)
        assert "does not fit the file" in refusal(world, images.image(), Details(signature=text))

    def test_of_a_key_nobody_trusts(self, world: World) -> None:
        text = images.Signer("other", b"12345678").sign(images.image())
        with pytest.raises(Refusal, match="3837363534333231, which is not among those"):
            sent(world, images.image(), Details(signature=text))

    def test_of_a_key_that_is_trusted_no_more(self, world: World, settings: Any) -> None:
        image = sent(world, images.image(), Details(signature=images.Signer().sign(images.image())))
        settings.FIRMWARE_PUBLIC_KEYS = []
        inspecting.check(image.pk, lambda: None)
        image.refresh_from_db()
        assert "not among those that are trusted" in image.refusal

    def test_what_is_no_signature(self, world: World) -> None:
        with pytest.raises(Refusal, match="not a signature"):
            sent(world, images.image(), Details(signature="untrusted comment: hello"))


def test_the_queue_checks_what_arrived(world: World) -> None:
    image = sent(world, images.image())
    dispatch.perform(Task.objects.get(kind="firmware").pk)
    image.refresh_from_db()
    assert image.state == ImageState.READY
    assert not Task.objects.filter(kind="firmware").exists()


def test_checked_twice_is_checked_once(world: World) -> None:
    image = checked(world, images.image())
    before = FirmwareImage.objects.filter(pk=image.pk).values().get()
    inspecting.check(image.pk, lambda: None)
    assert FirmwareImage.objects.filter(pk=image.pk).values().get() == before


def test_a_worker_killed_while_reading_leaves_it_to_the_next(world: World) -> None:
    image = sent(world, images.image())

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inspecting.check(image.pk, killed)
    inspecting.check(image.pk, lambda: None)
    image.refresh_from_db()
    assert image.state == ImageState.READY


def test_a_worker_killed_before_removing_a_refused_file_leaves_that_to_the_next(world: World) -> None:
    image = sent(world, b"%PDF-1.7", NAMED)
    FirmwareImage.objects.filter(pk=image.pk).update(state=ImageState.REFUSED)
    inspecting.check(image.pk, lambda: None)
    with pytest.raises(FileNotFoundError):
        storage.read(image.key)


def test_the_lease_is_held_while_a_long_file_goes_by(world: World) -> None:
    image, holds = sent(world, images.image(size=20_000_000)), []
    inspecting.check(image.pk, lambda: holds.append(1))
    assert len(holds) >= 4


def test_a_file_that_vanished_is_refused(world: World) -> None:
    image = sent(world, images.image())
    storage.remove(image.key)
    inspecting.check(image.pk, lambda: None)
    image.refresh_from_db()
    assert image.refusal == "The file is no longer in the storage. Upload it again."


def test_a_ready_image_keeps_what_it_is(world: World) -> None:
    image = checked(world, images.image())
    for name, value in {
        "version": "9",
        "sha256": "0" * 64,
        "compatibles": ["x"],
        "state": "checking",
    }.items():
        changed = FirmwareImage.objects.get(pk=image.pk)
        setattr(changed, name, value)
        with pytest.raises(ImmutableImage, match=name):
            changed.save()


def test_what_people_say_of_it_may_change(world: World) -> None:
    image = checked(world, images.image())
    uploading.edit(world.bo, image, Channel.BETA, "v4.0", "Try it first")
    assert (image.channel, image.minimum_version, image.notes) == ("beta", "v4.0", "Try it first")
    assert AuditEntry.objects.filter(verb="firmware.edit", actor=world.bo).count() == 1


def test_withdrawn_is_not_offered_and_can_be_offered_again(world: World) -> None:
    image = checked(world, images.image())
    uploading.withdraw(world.bo, image)
    assert not image.offered
    assert not FirmwareImage.objects.of(world.cafe).offered().exists()
    uploading.offer_again(world.bo, image)
    assert image.offered
    verbs = AuditEntry.objects.filter(verb__startswith="firmware.").order_by("pk")
    assert [entry.verb for entry in verbs] == ["firmware.upload", "firmware.withdraw", "firmware.offer_again"]


def test_a_withdrawn_file_may_come_again_and_then_stays_withdrawn(world: World) -> None:
    first = checked(world, images.image())
    uploading.withdraw(world.bo, first)
    assert checked(world, images.image()).offered
    with pytest.raises(Refusal, match="here already"):
        uploading.offer_again(world.bo, first)


class TestInParts:
    def test_begun_sent_and_finished(self, world: World) -> None:
        content = images.image(size=storage.PART)
        image, upload = uploading.begin(world.bo, world.cafe, "a.bin", len(content), Details())
        with pytest.raises(Refusal, match="not arrived completely"):
            uploading.finish(world.bo, image)
        for number, url in enumerate(upload.urls):
            piece = content[number * storage.PART : (number + 1) * storage.PART]
            storage.receive_part(storage.part_of(url.split("/")[-2]), io.BytesIO(piece))
        uploading.finish(world.bo, image)
        uploading.finish(world.bo, image)
        assert (image.state, Task.objects.filter(kind="firmware").count()) == (ImageState.CHECKING, 1)

    @pytest.mark.parametrize(
        ("name", "kept"),
        [("C:\\images\\a.bin", "a.bin"), ("../a\nb.bin", "ab.bin"), ("/", "image"), ("x" * 300, "x" * 200)],
    )
    def test_file_names_are_made_plain(self, world: World, name: str, kept: str) -> None:
        image, _upload = uploading.begin(world.bo, world.cafe, name, 100, Details())
        assert image.file_name == kept

    def test_killed_after_the_storage_was_told_it_is_finished_by_asking_again(self, world: World) -> None:
        image, upload = uploading.begin(world.bo, world.cafe, "a.bin", 4, Details())
        storage.receive_part(storage.part_of(upload.urls[0].split("/")[-2]), io.BytesIO(b"HDR0"))
        storage.finish_upload(image.key, image.upload, image.size)
        uploading.finish(world.bo, image)
        assert image.state == ImageState.CHECKING

    def test_no_row_is_locked_while_the_storage_thinks(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In a request's transaction, a row of the organisation's locks the organisation's own."""
        begin = storage.begin_upload

        def asked(*arguments: Any) -> storage.Upload:
            assert not FirmwareImage.objects.exists()
            return begin(*arguments)

        monkeypatch.setattr(storage, "begin_upload", asked)
        image, upload = uploading.begin(world.bo, world.cafe, "a.bin", 100, Details())
        assert FirmwareImage.objects.get().upload == image.upload == upload.id

    def test_given_up(self, world: World) -> None:
        image, _upload = uploading.begin(world.bo, world.cafe, "a.bin", 100, Details())
        uploading.discard(world.bo, image)
        assert not FirmwareImage.objects.exists()
        with pytest.raises(Refusal, match="given up"):
            uploading.finish(world.bo, image)

    def test_too_large(self, world: World) -> None:
        with pytest.raises(Refusal, match="larger than 512 MB"):
            uploading.begin(world.bo, world.cafe, "a.bin", uploading.MAX_SIZE + 1, Details())

    def test_abandoned_ones_are_cleared_away(self, world: World) -> None:
        uploading.begin(world.bo, world.cafe, "a.bin", 100, Details())
        checked(world, images.image())
        assert uploading.clear(clock.now()) == 0
        assert uploading.clear(clock.now() + uploading.ABANDONED) == 1
        assert [image.state for image in FirmwareImage.objects.all()] == [ImageState.READY]


def test_a_ready_image_is_not_discarded(world: World) -> None:
    with pytest.raises(Refusal, match="withdrawn"):
        uploading.discard(world.bo, checked(world, images.image()))


class TestOffers:
    def test_the_newest_stable_one_for_each_hardware(self, world: World) -> None:
        for version in ("v4.10.0", "v4.9.0"):
            checked(world, images.image(version=version, compatibles=["a,b"]))
        checked(world, images.image(version="v5.0.0", compatibles=["a,b"]), Details(channel=Channel.BETA))
        newest = offers.newest_for(world.cafe, ["a,b", "a_b", "c_d"])
        assert {name: image.version for name, image in newest.items()} == {"a,b": "v4.10.0", "a_b": "v4.10.0"}
        assert offers.newest_for(world.hotel, ["a_b"]) == {}

    def test_an_update_is_what_brings_further(self, world: World) -> None:
        image = checked(world, images.image(version="TIP-v4.2.0"))
        assert offers.update_for("OpenWrt 23.05 / TIP-v4.1.0", image) == image
        for reported in ("OpenWrt 24.10 / TIP-v4.2.0", "OpenWrt 24.10 / TIP-v4.3.0", "", "nightly"):
            assert offers.update_for(reported, image) is None
