"""Whether a certificate and a key can be served together."""

import ssl
import tempfile
from pathlib import Path


class CertificateInvalid(ValueError):
    """A PEM text holds no certificate OpenSSL can read, or a key of another one."""


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
