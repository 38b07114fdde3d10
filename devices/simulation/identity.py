"""How a pretend access point proves who it is: a client certificate, a key, or nothing."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """Where certificates and keys come from.

    `cert_dir` holds `<serial>.pem` (certificate and key) or `<serial>.crt` with `<serial>.key`;
    `cert` and `key` are one pair for all. `keys` are bearer keys by serial. `server_name` is checked
    instead of the URL's host.
    """

    ca: Path | None = None
    cert_dir: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    insecure: bool = False
    server_name: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    _shared: list[ssl.SSLContext] = field(default_factory=list, repr=False)

    def headers(self, serial: str) -> dict[str, str]:
        """The headers of the upgrade request. Raises KeyError when keys are in use and it has none."""
        return {"Authorization": f"Bearer {self.keys[serial]}"} if self.keys else {}

    def context(self, serial: str) -> ssl.SSLContext:
        """A TLS context with this device's certificate; one for all unless each has its own.

        Raises OSError or ssl.SSLError, which name the file, when it cannot be read.
        """
        if self.cert_dir is not None:
            return self._loaded(*pair(self.cert_dir, serial))
        if not self._shared:
            self._shared.append(self._loaded(self.cert, self.key))
        return self._shared[0]

    def upload_context(self) -> ssl.SSLContext:
        """A TLS context for sending files, which is done without a client certificate."""
        return self._loaded(None, None)

    def _loaded(self, cert: Path | None, key: Path | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self.ca is not None:
            context.load_verify_locations(self.ca)
        else:
            context.load_default_certs()
        if cert is not None:
            context.load_cert_chain(cert, key)
        return context


def pair(directory: Path, serial: str) -> tuple[Path, Path | None]:
    """The files of one device's certificate and key; None when the first holds both."""
    single = directory / f"{serial}.pem"
    return (single, None) if single.exists() else (single.with_suffix(".crt"), single.with_suffix(".key"))
