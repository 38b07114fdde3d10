"""Files that must outlive every instance: firmware, reports, traces, backups. S3, or a directory in the demo.

Whoever keeps a file chooses a key derived from its row, so that writing it twice is writing it once.
"""

from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.core.files.storage.filesystem import FileSystemStorage

_SALT = "devices.storage"


def write(key: str, content: bytes | IO[bytes]) -> None:
    """Keep it under this key; whatever was there is replaced."""
    if default_storage.exists(key):
        default_storage.delete(key)
    default_storage.save(key, ContentFile(content) if isinstance(content, bytes) else File(content))


def read(key: str) -> IO[bytes]:
    """The file, open. Raises ``FileNotFoundError``."""
    return default_storage.open(key, "rb")


def remove(key: str) -> None:
    """Gone, or was never there."""
    default_storage.delete(key)


def link(key: str, name: str, seconds: int) -> str:
    """An address that hands out the file, as a download called ``name``, for so many seconds."""
    if is_embedded():
        token = signing.dumps({"key": key, "for": seconds}, salt=_SALT, compress=True)
        return settings.FILE_LINK.format(token=token, name=quote(name))
    parameters: Mapping[str, Any] = {
        "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(name)}"
    }
    return str(default_storage.url(key, parameters=parameters, expire=seconds))


def key_of(token: str) -> str:
    """The key a link of ours was made for. Raises ``signing.BadSignature`` when it is forged or expired."""
    told = signing.loads(token, salt=_SALT)
    return str(signing.loads(token, salt=_SALT, max_age=told["for"])["key"])


def is_embedded() -> bool:
    """Whether files are in a directory, so that the console itself must hand them out."""
    return isinstance(default_storage, FileSystemStorage)
