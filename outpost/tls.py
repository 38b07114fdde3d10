"""TLS ended in this process: contexts for access points that dial in, and what their certificates say.

Standard native TLS of asyncio or uvloop: a terminator in front doubles the CPU per message and
saves no memory (measured, docs/performance.md).
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.x509 import load_pem_x509_certificate


class TlsFilesInvalid(Exception):
    """A certificate, key or CA file cannot be used; the message says which and why."""


def server_context(certificate: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 and newer; with ``client_ca`` a certificate it signed is required of every client.

    Make it before forking: processes that share one context share its ticket keys, so an access
    point resumes its session whichever process it meets. Revocation is not asked for anywhere:
    what an unclaimed serial may do is nothing. Raises ``TlsFilesInvalid``.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 1  # one resumption per connection is what a reconnecting access point uses
    _load(context, certificate, key, client_ca)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def reload_certificates(
    context: ssl.SSLContext, certificate: Path, key: Path, client_ca: Path | None = None
) -> None:
    """Use the files as they are now for connections to come; existing sessions stay.

    The files are tried first, so a broken one raises ``TlsFilesInvalid`` and changes nothing.
    A CA can be added this way; removing one takes a restart, as OpenSSL's trust store only grows.
    """
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate, key, client_ca)
    _load(context, certificate, key, client_ca)


def not_after(certificate: Path) -> float:
    """Unix time at which the first certificate of the file expires. Raises ``TlsFilesInvalid``."""
    try:
        return load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc.timestamp()
    except (OSError, ValueError) as error:
        raise TlsFilesInvalid(f"Certificate {certificate}: {error}") from error


def _load(context: ssl.SSLContext, certificate: Path, key: Path, client_ca: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except (OSError, ValueError) as error:
        raise TlsFilesInvalid(f"Certificate {certificate} with key {key}: {error}") from error
    if client_ca is None:
        return
    try:
        context.load_verify_locations(client_ca)
    except (OSError, ValueError) as error:
        raise TlsFilesInvalid(f"Client CA {client_ca}: {error}") from error


def _refuse_password() -> str:
    """OpenSSL would otherwise stop and ask on the terminal."""
    raise ValueError("the key is encrypted with a password; give one without")


def common_name(peer_certificate: Mapping[str, Any] | None) -> str:
    """The subject's CN from ``getpeercert()``, as written; empty when there is none or more than one.

    Two CNs are a certificate that can be read two ways: it identifies nobody.
    """
    subject = (peer_certificate or {}).get("subject", ())
    names = [value for parts in subject for name, value in parts if name == "commonName"]
    return str(names[0]) if len(names) == 1 else ""
