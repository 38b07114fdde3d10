"""Files that must outlive every instance: firmware, reports, traces, backups. S3, or a directory in the demo.

Whoever keeps a file chooses a key derived from its row, so that writing it twice is writing it once. A large
file of a user's comes in parts that the browser sends straight to the storage; in a directory that is the
console itself.
"""

import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

from botocore.exceptions import ClientError
from django.conf import settings
from django.core import signing
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.core.files.storage.filesystem import FileSystemStorage

PART = 8 * 1024 * 1024  # bytes of an upload's part, the last one excepted; S3 wants at least 5 MiB
CHUNK = 256 * 1024
_SALT = "devices.storage"
_PART_SALT = "devices.storage.part"
_PARTS = ".uploads"  # the directory of those that are not finished


def write(key: str, content: bytes | IO[bytes]) -> None:
    """Keep it under this key; whatever was there is replaced, at once and as a whole."""
    file = ContentFile(content) if isinstance(content, bytes) else File(content)
    if is_embedded():
        _appear(key, file.chunks(CHUNK))
    else:
        default_storage.save(key, file)


def read(key: str) -> IO[bytes]:
    """The file, open. Raises ``FileNotFoundError``."""
    return default_storage.open(key, "rb")


def chunks(key: str) -> Iterator[bytes]:
    """The file in pieces, never more of it in memory or on disk. Raises ``FileNotFoundError``."""
    if is_embedded():
        yield from _pieces(Path(default_storage.path(key)))
        return
    try:
        body = _s3().get_object(**_object(key))["Body"]
    except ClientError as error:
        raise FileNotFoundError(key) if _is(error, "NoSuchKey", "404") else error
    with closing(body):
        yield from body.iter_chunks(CHUNK)


def remove(key: str) -> None:
    """Gone, or was never there."""
    default_storage.delete(key)


def link(key: str, name: str, seconds: int) -> str:
    """An address that hands out the file, as a download called ``name``, for so many seconds.

    CloudFront's where a domain of it is set, S3's otherwise, the console's for a directory.
    """
    if is_embedded():
        token = signing.dumps({"key": key, "for": seconds}, salt=_SALT, compress=True)
        return settings.FILE_LINK.format(token=token, name=quote(name, safe=""))
    # CloudFront passes the query on to S3, which knows the parameter by this name there.
    parameter = (
        "response-content-disposition" if default_storage.custom_domain else "ResponseContentDisposition"
    )
    disposition: Mapping[str, Any] = {parameter: f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return str(default_storage.url(key, parameters=disposition, expire=seconds))


def key_of(token: str) -> str:
    """The key a link of ours was made for. Raises ``signing.BadSignature`` when it is forged or expired."""
    told = signing.loads(token, salt=_SALT)
    return str(signing.loads(token, salt=_SALT, max_age=told["for"])["key"])


def is_embedded() -> bool:
    """Whether files are in a directory, so that the console itself must hand them out."""
    return isinstance(default_storage, FileSystemStorage)


# --- uploads in parts ----------------------------------------------------------------------------


class UploadLost(Exception):
    """There is no such upload: it was aborted, or never begun."""


class UploadIncomplete(Exception):
    """Parts are missing or not as announced; sent again, the upload can still be finished."""


@dataclass(frozen=True)
class Upload:
    """``urls``: where to PUT the first ``part_size`` bytes, the next, and so on."""

    id: str
    part_size: int
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One part of an upload into a directory; ``number`` counts from 1, ``size`` in bytes."""

    key: str
    upload: str
    number: int
    size: int


def begin_upload(key: str, size: int, seconds: int) -> Upload:
    """An upload of so many bytes, whose addresses work for so many seconds."""
    if is_embedded():
        upload = secrets.token_hex(16)
        _directory(upload).mkdir(parents=True)
    else:
        upload = _s3().create_multipart_upload(**_object(key))["UploadId"]
    lengths = [min(PART, size - at) for at in range(0, size, PART)]
    parts = [Part(key, upload, number, length) for number, length in enumerate(lengths, 1)]
    return Upload(upload, PART, tuple(_url(part, seconds) for part in parts))


def _url(part: Part, seconds: int) -> str:
    if is_embedded():
        token = signing.dumps({"part": asdict(part), "for": seconds}, salt=_PART_SALT, compress=True)
        return settings.PART_LINK.format(token=token)
    parameters = _object(part.key) | {"UploadId": part.upload, "PartNumber": part.number}
    parameters |= {"ContentLength": part.size}  # signed with the rest: nothing larger is taken
    return str(_s3().generate_presigned_url("upload_part", Params=parameters, ExpiresIn=seconds))


def finish_upload(key: str, upload: str, size: int) -> None:
    """Make the parts one file. Finished already, or by somebody else meanwhile, nothing happens.

    Raises ``UploadLost``, and ``UploadIncomplete`` unless the parts together have ``size`` bytes.
    """
    try:
        if is_embedded():
            _join(key, upload, size)
        else:
            _complete(key, upload, size)
    except UploadLost:
        if not _appears(key):
            raise


def _appears(key: str) -> bool:
    """Whether somebody else finished it, or is about to: parts may go a moment before the file is there."""
    for _look in range(10):
        if default_storage.exists(key):
            return True
        time.sleep(0.1)
    return False


def _check_parts(lengths: Mapping[int, int], size: int) -> None:
    """``lengths``: bytes by the part's number."""
    count = -(-size // PART)
    if set(lengths) != set(range(1, count + 1)):
        raise UploadIncomplete(f"{len(lengths)} of {count} parts arrived")
    if sum(lengths.values()) != size:
        raise UploadIncomplete("the parts are not as long as was announced")


def abort_upload(key: str, upload: str) -> None:
    """Forget the parts. Gone, or was never there."""
    if is_embedded():
        _discard(_directory(upload))
        return
    _abort(_object(key) | {"UploadId": upload})


def abort_uploads(prefix: str, before: datetime) -> int:
    """Forget those of keys with this prefix that were begun before then. Returns how many."""
    if is_embedded():
        old = [one for one in _directory("").glob("*") if _touched(one) < before]
        for one in old:
            shutil.rmtree(one, ignore_errors=True)
        return len(old)
    asked = _object(prefix)
    pages = (
        _s3().get_paginator("list_multipart_uploads").paginate(Bucket=asked["Bucket"], Prefix=asked["Key"])
    )
    begun = [one for page in pages for one in page.get("Uploads", []) if one["Initiated"] < before]
    for one in begun:
        _abort({"Bucket": asked["Bucket"], "Key": one["Key"], "UploadId": one["UploadId"]})
    return len(begun)


def upload_origin() -> str:
    """Whom the browser sends parts to, as a CSP source; empty when it is the console."""
    if is_embedded():
        return ""
    address = urlsplit(_url(Part("any", "any", 1, 1), 60))
    return f"{address.scheme}://{address.netloc}"


# --- S3 ------------------------------------------------------------------------------------------


def _s3() -> Any:
    return default_storage.connection.meta.client


def _object(key: str) -> dict[str, Any]:
    return {"Bucket": default_storage.bucket_name, "Key": f"{default_storage.location}/{key}".lstrip("/")}


def _is(error: ClientError, *codes: str) -> bool:
    return error.response.get("Error", {}).get("Code") in codes


def _complete(key: str, upload: str, size: int) -> None:
    asked = _object(key) | {"UploadId": upload}
    try:
        pages = _s3().get_paginator("list_parts").paginate(**asked)
        parts = [part for page in pages for part in page.get("Parts", [])]
        _check_parts({part["PartNumber"]: part["Size"] for part in parts}, size)
        listed = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
        _s3().complete_multipart_upload(**asked, MultipartUpload={"Parts": listed})
    except ClientError as error:
        if _is(error, "NoSuchUpload"):
            raise UploadLost(key) from None
        if _is(error, "InvalidPart", "EntityTooSmall"):
            raise UploadIncomplete("the storage does not take the parts as they are") from None
        raise


def _abort(upload: dict[str, Any]) -> None:
    try:
        _s3().abort_multipart_upload(**upload)
    except ClientError as error:
        if not _is(error, "NoSuchUpload"):
            raise


# --- a directory ---------------------------------------------------------------------------------


def part_of(token: str) -> Part:
    """What may be sent to this address of ours. Raises ``signing.BadSignature``, also when it expired."""
    told = signing.loads(token, salt=_PART_SALT)
    return Part(**signing.loads(token, salt=_PART_SALT, max_age=told["for"])["part"])


def receive_part(part: Part, stream: IO[bytes]) -> None:
    """Keep a part that is being sent. Sent again it replaces itself.

    Raises ``UploadLost``, and ``UploadIncomplete`` unless it has the announced size.
    """
    directory = _directory(part.upload)
    arriving = directory / f"arriving-{secrets.token_hex(8)}"
    with _lost_with(directory):
        try:
            _keep(arriving, stream, part.size)
            arriving.replace(directory / str(part.number))
        finally:
            arriving.unlink(missing_ok=True)


def _keep(path: Path, stream: IO[bytes], size: int) -> None:
    left = size
    with path.open("wb") as file:
        while left and (chunk := stream.read(min(CHUNK, left))):
            file.write(chunk)
            left -= len(chunk)
    if left or stream.read(1):
        raise UploadIncomplete("the part is not as long as was announced")


def _directory(upload: str) -> Path:
    return Path(default_storage.path(_PARTS)) / upload


def _discard(directory: Path) -> None:
    """Gone at once, or somebody would meet half of it; then file by file."""
    gone = directory.with_name(f"gone-{secrets.token_hex(8)}")
    with suppress(FileNotFoundError):
        directory.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _touched(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


@contextmanager
def _lost_with(directory: Path) -> Iterator[None]:
    """Whatever is not found while the directory is gone: somebody gave the upload up, or finished it."""
    try:
        yield
    except FileNotFoundError:
        if directory.is_dir():
            raise
        raise UploadLost(directory.name) from None


def _join(key: str, upload: str, size: int) -> None:
    directory = _directory(upload)
    with _lost_with(directory):
        parts = {int(path.name): path for path in directory.iterdir() if path.name.isdigit()}
        _check_parts({number: path.stat().st_size for number, path in parts.items()}, size)
        _appear(key, chain.from_iterable(_pieces(parts[number]) for number in sorted(parts)))
    _discard(directory)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _appear(key: str, pieces: Iterable[bytes]) -> None:
    """The whole file is there at once, or what was there before."""
    target, aside = Path(default_storage.path(key)), _directory(secrets.token_hex(16))
    for directory in (aside, target.parent):
        directory.mkdir(parents=True, exist_ok=True)
    try:
        with (aside / "whole").open("wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        (aside / "whole").replace(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
