"""Where files are kept, as Django wants to be told: S3 (and CloudFront in front of it), or a directory."""

from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from django.core.exceptions import ImproperlyConfigured

CONNECT_SECONDS, READ_SECONDS = 3, 30  # tasks try again by themselves, people are told


def storage(
    url: str, cloudfront: dict[str, object] | None = None, *, amazons: bool = False
) -> dict[str, Any]:
    """The storage that ``s3://bucket/prefix`` or ``file:///directory`` names; S3 may not be ``amazons``."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        options: dict[str, object] = {"bucket_name": parts.netloc, "location": parts.path.strip("/")}
        options |= {"default_acl": None}
        options |= {"client_config": _client(amazons)}
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options | (cloudfront or {})}
    if parts.scheme == "file":
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": parts.path}}
    raise ImproperlyConfigured(f"STORAGE_URL starts with s3:// or file://, not {parts.scheme!r}")


def _client(amazons: bool) -> Config:
    """How long who waits for S3 waits: two tries, of some seconds each while nobody answers.

    Addresses are those that S3 accepts in every region, also for what a browser uploads. Else they are those
    of its first region, which redirects to a new bucket; a browser follows not.
    """
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual"} if amazons else {},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 2},
    )


def cloudfront(domain: str, key_id: str, key: str) -> dict[str, object]:
    """Downloads come from this distribution of the bucket, by addresses it checks; none without a domain."""
    if not domain:
        return {}
    return {"custom_domain": domain, "cloudfront_key_id": key_id, "cloudfront_key": key.encode()}


def origin(url: str) -> list[str]:
    """Scheme and host of an absolute address, as a content security policy has it; none of a relative one."""
    parts = urlsplit(url)
    return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []
