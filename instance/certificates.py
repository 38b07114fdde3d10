"""When a certificate ends, and whether a key is its own."""

import ssl
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

OPENSSL = "/usr/bin/openssl"


class CertificateInvalid(ValueError):
    """A PEM text holds no certificate OpenSSL can read, or a key of another one."""


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


def check_pair(certificate: str, key: str, memory: Path) -> None:
    """Raises ``CertificateInvalid`` if nothing can be served with these; they pass through ``memory``."""
    with tempfile.TemporaryDirectory(dir=memory) as directory:
        together = Path(directory) / "pair.pem"
        together.touch(mode=0o600)
        together.write_text(f"{certificate}\n{key}")
        try:
            # Without a password to give, OpenSSL would ask for one at the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(together, password="")
        except (ssl.SSLError, OSError):
            raise CertificateInvalid("the key is not that of the certificate, or cannot be read") from None
