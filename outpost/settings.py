"""What the outpost is told by its environment: read once, typed, refused loudly and completely when wrong."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar, cast

from outpost.store.opening import check_url
from outpost.store.sealing import parse_keys

DeviceAuth = Literal["certificate", "key", "open"]
LogLevel = Literal["debug", "info", "warning", "error"]
DEVICE_AUTHS = ("certificate", "key", "open")
LOG_LEVELS = ("debug", "info", "warning", "error")
MAX_WORKERS = 256
T = TypeVar("T")


class SettingsError(Exception):
    """The environment is missing something or wrong; ``problems`` names every variable, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The outpost cannot start:\n" + "\n".join(f"  {line}" for line in problems))
        self.problems = problems


@dataclass(frozen=True)
class Address:
    """Where to listen. Port 0 lets the system choose."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Settings:
    """Everything configurable; nothing else reads the environment. Secrets do not show in its repr."""

    store: str = field(repr=False)  # may hold a password
    store_keys: tuple[bytes, ...] = field(repr=False)  # 32 bytes each, the first seals
    listen: Address = Address("0.0.0.0", 15002)  # noqa: S104 - access points dial in from everywhere
    admin_listen: Address = Address("127.0.0.1", 15003)
    workers: int = 1
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    device_auth: DeviceAuth = "certificate"
    device_key_secrets: tuple[bytes, ...] = field(default=(), repr=False)  # at least 32 bytes each
    drain_file: Path | None = None  # not ready while it exists
    drain_grace_seconds: float = 0.0  # not ready, but taking connections, until those are closed
    drain_seconds: float = 20.0  # over which they are closed
    stuck_seconds: float = 20.0  # without a sign of life, then a process is replaced
    log_level: LogLevel = "info"
    release: str = "development"
    sentry_dsn: str = field(default="", repr=False)
    sentry_environment: str = "production"


class _Reader:
    """Reads variables and collects what is wrong with them, so that all problems are told at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[str] = []

    def read(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """The parsed variable; ``default`` when it is empty or (after noting the problem) wrong."""
        text = self.environment.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return default

    def require(self, name: str, why: str) -> None:
        """Note the variable as missing unless it is set."""
        if not self.environment.get(name, "").strip():
            self.problems.append(f"{name} is not set: {why}")


def parse_address(text: str) -> Address:
    """``host:port``, ``[IPv6]:port`` or ``:port`` (every address). Raises ``ValueError`` in words."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("write it as host:port, with a port from 0 to 65535")
    bare = host.removeprefix("[").removesuffix("]")
    if ":" in bare and bare == host:
        raise ValueError("write an IPv6 address in brackets, as [::1]:15002")
    return Address(bare or "0.0.0.0", int(port))  # noqa: S104


def _parse_workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_WORKERS):
        raise ValueError(f"write a whole number from 1 to {MAX_WORKERS}")
    return int(text)


def _seconds(least: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        if not (text.replace(".", "", 1).isdigit() and text.isascii() and least <= float(text) <= 3600):
            raise ValueError(f"write seconds from {least:g} to 3600")
        return float(text)

    return parse


def _parse_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError(f"there is no file {text}")
    return path


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(f"write one of {', '.join(allowed)}")
        return text.lower()

    return parse


def _parse_secrets(text: str) -> tuple[bytes, ...]:
    return parse_keys(text, maximum=None)


def _check_store(reader: _Reader) -> None:
    reader.require("OUTPOST_STORE", "the live store, for example redis://127.0.0.1:6379/0")
    reader.require(
        "OUTPOST_STORE_KEYS", "the keys the console seals configurations with (base64, 32 bytes each)"
    )


def _check_tls(reader: _Reader) -> None:
    pair = [name for name in ("OUTPOST_TLS_CERT", "OUTPOST_TLS_KEY") if reader.environment.get(name)]
    if len(pair) == 1:
        reader.problems.append(f"{pair[0]} is set alone: a certificate and its key go together")


def _check_identity(reader: _Reader, listen: Address, auth: str) -> None:
    """Each way to know an access point needs something, and ``open`` must not be reachable by accident."""
    if auth == "certificate":
        for name in ("OUTPOST_TLS_CERT", "OUTPOST_TLS_KEY", "OUTPOST_CLIENT_CA"):
            reader.require(name, "OUTPOST_DEVICE_AUTH is certificate")
    elif auth == "key":
        reader.require("OUTPOST_DEVICE_KEY_SECRETS", "OUTPOST_DEVICE_AUTH is key")
        if not listen.is_loopback:
            reader.require("OUTPOST_TLS_CERT", "keys would cross the network in clear")
    elif not listen.is_loopback and reader.environment.get("OUTPOST_ALLOW_OPEN", "").lower() != "yes":
        reader.problems.append(
            "OUTPOST_DEVICE_AUTH: open believes every serial, and OUTPOST_LISTEN is not loopback;"
            " set OUTPOST_ALLOW_OPEN=yes if that is really wanted"
        )


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from ``OUTPOST_*`` variables. Raises ``SettingsError`` naming everything missing or wrong."""
    reader = _Reader(environment)
    _check_store(reader)
    settings = Settings(
        store=reader.read("OUTPOST_STORE", check_url, ""),
        store_keys=reader.read("OUTPOST_STORE_KEYS", parse_keys, ()),
        listen=reader.read("OUTPOST_LISTEN", parse_address, Settings.listen),
        admin_listen=reader.read("OUTPOST_ADMIN_LISTEN", parse_address, Settings.admin_listen),
        workers=reader.read("OUTPOST_WORKERS", _parse_workers, 1),
        tls_cert=reader.read("OUTPOST_TLS_CERT", _parse_file, None),
        tls_key=reader.read("OUTPOST_TLS_KEY", _parse_file, None),
        client_ca=reader.read("OUTPOST_CLIENT_CA", _parse_file, None),
        device_auth=cast(
            DeviceAuth, reader.read("OUTPOST_DEVICE_AUTH", _one_of(*DEVICE_AUTHS), "certificate")
        ),
        device_key_secrets=reader.read("OUTPOST_DEVICE_KEY_SECRETS", _parse_secrets, ()),
        drain_file=reader.read("OUTPOST_DRAIN_FILE", Path, None),
        drain_grace_seconds=reader.read("OUTPOST_DRAIN_GRACE_SECONDS", _seconds(0), 0.0),
        drain_seconds=reader.read("OUTPOST_DRAIN_SECONDS", _seconds(0), Settings.drain_seconds),
        stuck_seconds=reader.read("OUTPOST_STUCK_SECONDS", _seconds(2), Settings.stuck_seconds),
        log_level=cast(LogLevel, reader.read("OUTPOST_LOG_LEVEL", _one_of(*LOG_LEVELS), "info")),
        release=reader.read("AERIE_RELEASE", str, Settings.release),
        sentry_dsn=reader.read("SENTRY_DSN", str, ""),
        sentry_environment=reader.read("SENTRY_ENVIRONMENT", str, Settings.sentry_environment),
    )
    _check_tls(reader)
    _check_identity(reader, settings.listen, settings.device_auth)
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings
