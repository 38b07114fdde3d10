"""Where the demo runs: its directory, its ports, its secrets, and the environment of its processes."""

import base64
import json
import os
import secrets
import shlex
import socket
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DIRECTORY = Path(os.environ.get("DEMO_DIRECTORY") or PROJECT / "var" / "demo").resolve()


class WrongVariable(ValueError):
    """A DEMO_ variable that cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Surroundings:
    """Ports are TCP on loopback; ``fleet`` is the number of simulated access points."""

    port: int
    outpost_port: int
    admin_port: int
    redis_port: int
    fleet: int
    secrets: dict[str, str]

    @classmethod
    def from_environment(cls) -> "Surroundings":
        """Read DEMO_PORT, DEMO_OUTPOST_PORT and DEMO_FLEET. Raises ``WrongVariable``."""
        return cls(
            port=_number("DEMO_PORT", 8000, 1, 65535),
            outpost_port=_number("DEMO_OUTPOST_PORT", 15002, 1, 65535),
            admin_port=free_port(),
            redis_port=free_port(),
            fleet=_number("DEMO_FLEET", 25, 0, 5000),
            secrets=_kept_secrets(),
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def outpost_url(self) -> str:
        return f"ws://127.0.0.1:{self.outpost_port}"

    def environment(self) -> dict[str, str]:
        """The environment of every process of the demo."""
        return {**os.environ, **self.variables()}

    def variables(self) -> dict[str, str]:
        """What the demo adds to the environment, secrets included."""
        redis = f"redis://:{self.secrets['REDIS_PASSWORD']}@127.0.0.1:{self.redis_port}"
        return {
            **self.secrets,
            "AERIE_ENV": "demo",
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "PYTHONPATH": str(PROJECT),
            "PYTHONUNBUFFERED": "1",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "CONSOLE_PUBLIC_URL": self.url,
            "CONSOLE_LISTEN": f"127.0.0.1:{self.port}",
            "CONSOLE_WORKERS": "1",
            "DATABASE_URL": f"sqlite:///{DIRECTORY / 'aerie.sqlite3'}",
            "STATIC_ROOT": str(DIRECTORY / "static"),
            "STORAGE_URL": f"file://{DIRECTORY / 'files'}",
            "EMAIL_URL": f"filemail:///{DIRECTORY / 'mails'}",
            "REDIS_URL": f"{redis}/0",
            "LIVE_STORE_URL": f"{redis}/1",
            "OUTPOST_STORE": f"{redis}/1",
            "OUTPOST_LISTEN": f"127.0.0.1:{self.outpost_port}",
            "OUTPOST_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "OUTPOST_PUBLIC_URL": self.outpost_url,
            "OUTPOST_DEVICE_AUTH": "open",
            "OUTPOST_WORKERS": "1",
        }


def keep(variables: dict[str, str]) -> Path:
    """Write a file for ``.`` of a shell, so that more processes can join; readable by its user alone."""
    path = DIRECTORY / "environment"
    path.touch(mode=0o600)
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))
    return path


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def in_use(port: int) -> bool:
    """Whether somebody listens on this loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _number(name: str, default: int, low: int, high: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not low <= int(text) <= high:
        raise WrongVariable(f"{name} is {text!r}; it is a number from {low} to {high}")
    return int(text)


def _kept_secrets() -> dict[str, str]:
    """Made at the first start, kept for the next: the database is sealed with them."""
    path = DIRECTORY / "secrets.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_ENCRYPTION_KEYS": base64.b64encode(os.urandom(32)).decode(),
        "OUTPOST_STORE_KEYS": base64.b64encode(os.urandom(32)).decode(),
        "REDIS_PASSWORD": secrets.token_hex(16),
        "DEMO_PASSWORD": secrets.token_urlsafe(9),
    }
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(made, file)
    return made
