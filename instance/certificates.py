"""When a certificate ends."""

import subprocess
from datetime import UTC, datetime

OPENSSL = "/usr/bin/openssl"


class CertificateInvalid(ValueError):
    """A PEM text holds no certificate OpenSSL can read."""


def ends(pem: str) -> datetime:
    """The ``notAfter`` of the first certificate in the text, UTC. Raises ``CertificateInvalid``."""
    done = subprocess.run(  # noqa: S603
        [OPENSSL, "x509", "-noout", "-enddate", "-dateopt", "iso_8601"],
        input=pem,
        capture_output=True,
        text=True,
        timeout=10,
    )
    try:
        # notAfter=2027-01-31 12:00:00Z
        written = done.stdout.strip().removeprefix("notAfter=").removesuffix("Z")
        return datetime.fromisoformat(written).replace(tzinfo=UTC)
    except ValueError:
        raise CertificateInvalid("the certificate cannot be read") from None
