"""Writing a file of unknown length into the storage: in parts, never the whole of it in memory."""

import os
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage

from devices import storage

PART = 32 * 1024 * 1024  # bytes; S3 takes 10,000 parts, hence files of up to 312 GiB
AHEAD = 2  # parts under way while the next one is made


def write_stream(key: str, pieces: Iterable[bytes]) -> None:
    """Keep it under this key once all of it is there. An error on the way leaves nothing behind."""
    if storage.is_embedded():
        _into_directory(Path(default_storage.path(key)), pieces)
    else:
        _into_s3(key, pieces)


def _into_directory(path: Path, pieces: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arriving = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with arriving.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        arriving.replace(path)
    finally:
        arriving.unlink(missing_ok=True)


def _into_s3(key: str, pieces: Iterable[bytes]) -> None:
    client = default_storage.connection.meta.client
    place = {
        "Bucket": default_storage.bucket_name,
        "Key": f"{default_storage.location}/{key}".lstrip("/"),
    }
    upload = place | {"UploadId": client.create_multipart_upload(**place)["UploadId"]}
    try:
        parts = _send(client, upload, pieces)
        client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    except BaseException:
        client.abort_multipart_upload(**upload)
        raise


def _send(client: Any, upload: dict[str, str], pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    def send(number: int, part: bytes) -> dict[str, Any]:
        answer = client.upload_part(**upload, PartNumber=number, Body=part)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    sent: list[Future[dict[str, Any]]] = []
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="part") as senders:
        for number, part in enumerate(_parts(pieces), 1):
            if len(sent) >= AHEAD:
                sent[-AHEAD].result()  # no more than these in memory; its error ends everything
            sent.append(senders.submit(send, number, part))
        return [one.result() for one in sent]


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= PART:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
