"""Files in S3 and in a directory: the same verbs, the same outcome."""

import io
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core import signing
from django.test import override_settings

from console.storages import storage as options_of
from devices import storage
from devices.storage import PART, Upload, UploadIncomplete, UploadLost

CONTENT = bytes(range(256)) * (PART // 256) + b"the rest"
FAR = datetime(2100, 1, 1, tzinfo=UTC)


def in_directory(path: Path) -> dict[str, Any]:
    backend = "django.core.files.storage.FileSystemStorage"
    return {"BACKEND": backend, "OPTIONS": {"location": str(path)}}


@pytest.fixture(params=["s3", "directory"])
def kept(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Iterator[str]:
    if request.param == "directory":
        settings.STORAGES = settings.STORAGES | {"default": in_directory(tmp_path)}
    assert storage.is_embedded() is (request.param == "directory")
    yield request.param
    storage.abort_uploads("test", FAR)
    storage.remove("test/file")


def put(url: str, content: bytes) -> None:
    """What a browser does with a part."""
    if urlsplit(url).scheme:
        plain = {"Content-Type": "application/octet-stream"}
        asked = urllib.request.Request(url, data=content, headers=plain, method="PUT")
        urllib.request.urlopen(asked, timeout=20).close()
        return
    token = url.strip("/").rpartition("/")[2]
    storage.receive_part(storage.part_of(token), io.BytesIO(content))


def begun(size: int = len(CONTENT)) -> Upload:
    return storage.begin_upload("test/file", size, 600)


def sent(upload: Upload) -> Upload:
    pieces = [CONTENT[at : at + upload.part_size] for at in range(0, len(CONTENT), upload.part_size)]
    for url, piece in zip(upload.urls, pieces, strict=True):
        put(url, piece)
    return upload


def put_and_finish(upload: Upload, last: bytes) -> None:
    """A directory notices at the PUT already, S3 at the end."""
    put(upload.urls[-1], last)
    storage.finish_upload("test/file", upload.id, len(CONTENT))


def whole() -> bytes:
    return b"".join(storage.chunks("test/file"))


def test_what_is_written_is_read_in_pieces(kept: str) -> None:
    storage.write("test/file", CONTENT)
    assert max(map(len, storage.chunks("test/file"))) <= storage.CHUNK
    assert whole() == CONTENT
    storage.write("test/file", io.BytesIO(b"other"))
    assert whole() == b"other"


def test_what_is_not_there_is_not_found(kept: str) -> None:
    storage.remove("test/file")
    with pytest.raises(FileNotFoundError):
        whole()


def test_parts_become_one_file(kept: str) -> None:
    upload = begun()
    assert len(upload.urls) == 2
    sent(upload)
    storage.finish_upload("test/file", upload.id, len(CONTENT))
    assert whole() == CONTENT


def test_finished_twice_is_finished_once(kept: str) -> None:
    upload = begun()
    sent(upload)
    storage.finish_upload("test/file", upload.id, len(CONTENT))
    storage.finish_upload("test/file", upload.id, len(CONTENT))
    assert whole() == CONTENT


def test_a_missing_part_can_be_sent_later(kept: str) -> None:
    upload = begun()
    put(upload.urls[1], CONTENT[PART:])
    with pytest.raises(UploadIncomplete):
        storage.finish_upload("test/file", upload.id, len(CONTENT))
    put(upload.urls[0], CONTENT[:PART])
    storage.finish_upload("test/file", upload.id, len(CONTENT))
    assert whole() == CONTENT


def test_a_part_sent_again_replaces_itself(kept: str) -> None:
    upload = begun()
    put(upload.urls[1], b"stutters")
    sent(upload)
    storage.finish_upload("test/file", upload.id, len(CONTENT))
    assert whole() == CONTENT


def test_parts_that_are_too_short_do_not_pass(kept: str) -> None:
    upload = begun()
    put(upload.urls[0], CONTENT[:PART])
    with pytest.raises(UploadIncomplete):
        put_and_finish(upload, b"short")


@pytest.mark.parametrize("_round", range(5))
def test_finished_by_several_at_once_it_is_whole(kept: str, _round: int) -> None:
    upload = sent(begun())
    with ThreadPoolExecutor(4) as threads:
        ends = [threads.submit(storage.finish_upload, "test/file", upload.id, len(CONTENT)) for _ in range(4)]
    assert [one.result() for one in ends] == [None] * 4
    assert whole() == CONTENT


def test_the_address_of_a_part_takes_nothing_larger(kept: str) -> None:
    url = begun(5).urls[0]
    if kept == "s3":  # moto checks no signatures
        assert "content-length" in parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"][0]
    else:
        assert storage.part_of(url.strip("/").rpartition("/")[2]).size == 5


def test_what_cannot_be_written_leaves_what_was_there(kept: str) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("cut off")
            return super().read(1000)

    storage.write("test/file", b"before")
    with pytest.raises(OSError, match="cut off"):
        storage.write("test/file", Broken(CONTENT))
    assert whole() == b"before"


def test_an_aborted_upload_is_lost(kept: str) -> None:
    upload = begun()
    storage.abort_upload("test/file", upload.id)
    storage.abort_upload("test/file", upload.id)
    with pytest.raises(UploadLost):
        storage.finish_upload("test/file", upload.id, len(CONTENT))


def test_old_uploads_are_aborted_and_young_ones_left(kept: str) -> None:
    upload = begun()
    if kept == "directory":  # moto says that every upload was begun in 2010
        assert storage.abort_uploads("test", datetime.now(UTC) - timedelta(hours=1)) == 0
    assert storage.abort_uploads("test", FAR) == 1
    with pytest.raises(UploadLost):
        storage.finish_upload("test/file", upload.id, len(CONTENT))


def test_a_link_names_the_download(kept: str) -> None:
    storage.write("test/file", b"image")
    link = storage.link("test/file", "größe 4.2.bin", 60)
    if kept == "directory":
        assert link.endswith("/gr%C3%B6%C3%9Fe%204.2.bin")
        assert storage.key_of(link.split("/")[-2]) == "test/file"
        return
    with urllib.request.urlopen(link) as answer:
        assert (
            answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%204.2.bin"
        )
        assert answer.read() == b"image"


def test_who_receives_the_parts(kept: str) -> None:
    origin = storage.upload_origin()
    assert origin == "" if kept == "directory" else begun(5).urls[0].startswith(f"{origin}/")


class TestInDirectory:
    @pytest.fixture(autouse=True)
    def _in_directory(self, settings: Any, tmp_path: Path) -> None:
        settings.STORAGES = settings.STORAGES | {"default": in_directory(tmp_path)}

    def test_addresses_of_parts_expire_and_cannot_be_forged(self) -> None:
        token = begun().urls[0].strip("/").rpartition("/")[2]
        assert storage.part_of(token).size == PART
        for bad in (token[:-1], "x", storage.link("test/file", "a", 60).split("/")[-2]):
            with pytest.raises(signing.BadSignature):
                storage.part_of(bad)

    def test_a_part_that_is_too_long_leaves_nothing(self, tmp_path: Path) -> None:
        upload = begun(5)
        with pytest.raises(UploadIncomplete):
            put(upload.urls[0], b"123456")
        assert list((tmp_path / ".uploads" / upload.id).iterdir()) == []

    def test_half_gone_it_is_nowhere_to_be_met(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another worker asks while the first one's parts are being removed."""
        upload = sent(begun())
        monkeypatch.setattr(storage.shutil, "rmtree", lambda *_, **__: None)  # killed, or slow
        storage.finish_upload("test/file", upload.id, len(CONTENT))
        (storage._directory(upload.id) / "1").unlink(missing_ok=True)
        storage.finish_upload("test/file", upload.id, len(CONTENT))
        assert whole() == CONTENT

    def test_nothing_is_left_of_the_parts(self, tmp_path: Path) -> None:
        storage.finish_upload("test/file", sent(begun()).id, len(CONTENT))
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["file"]


def test_amazons_addresses_are_the_buckets_own_in_its_region(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    settings.STORAGES = settings.STORAGES | {"default": options_of("s3://aerie-files/all", amazons=True)}
    assert storage.upload_origin() == "https://aerie-files.s3.eu-central-1.amazonaws.com"
    assert (
        urlsplit(storage.link("firmware/one", "one.bin", 60)).netloc
        == urlsplit(storage.upload_origin()).netloc
    )


def test_cloudfronts_links_are_signed_and_name_the_download(settings: Any) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    options = settings.STORAGES["default"]["OPTIONS"] | {
        "custom_domain": "files.example.org",
        "location": "all",
        "cloudfront_key_id": "K1",
        "cloudfront_key": key.private_bytes(*form),
    }
    cloudfront = {"default": settings.STORAGES["default"] | {"OPTIONS": options}}
    with override_settings(STORAGES=settings.STORAGES | cloudfront):
        address = urlsplit(storage.link("firmware/one", "one.bin", 60))
    query = parse_qs(address.query)
    assert (address.netloc, address.path) == ("files.example.org", "/all/firmware/one")
    assert query["response-content-disposition"] == ["attachment; filename*=UTF-8''one.bin"]
    assert query["Key-Pair-Id"] == ["K1"]
    assert {"Signature", "Expires"} <= query.keys()
