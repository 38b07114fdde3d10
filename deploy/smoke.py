"""What a visitor and an access point find after a deploy, looked at from outside, through the balancers."""

import http.client
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from deploy.environments import Environment
from deploy.outcomes import SmokeFailed

TIMEOUT = 10.0  # seconds
LOOKS = 12  # of each check: balancers and DNS take a moment
PAUSE = 5.0
IN_A_ROW = 5  # so many answers of the new release, through a balancer that deals them out
_FILES = re.compile(r'(?:href|src)="([^"]*/static/[^"]+\.(?:css|js|svg))"')


class Wrong(Exception):
    """In words, what was found."""


def run(environment: Environment, release: str, pause: Callable[[float], None]) -> list[str]:
    """What was looked at, one line each. Raises ``SmokeFailed`` with the first that stays wrong."""
    console = environment.parameter("environment/CONSOLE_PUBLIC_URL").rstrip("/")
    outpost = environment.parameter("environment/OUTPOST_PUBLIC_URL")
    checks: list[tuple[str, Callable[[], str]]] = []
    if console:
        checks += [("/livez", lambda: _runs(console, release)), ("/readyz", lambda: _ready(console))]
        checks += [("sign-in page and its files", lambda: _page(console + "/account/login/"))]
    if outpost:
        checks += [("outpost", lambda: _handshake(outpost))]
    if not checks:
        raise SmokeFailed(
            "Neither environment/CONSOLE_PUBLIC_URL nor environment/OUTPOST_PUBLIC_URL is a parameter"
        )
    return [f"{name}: {_until_right(name, check, pause)}" for name, check in checks]


def _until_right(name: str, check: Callable[[], str], pause: Callable[[float], None]) -> str:
    for look in range(LOOKS):
        try:
            return check()
        except (Wrong, OSError) as error:
            reason = str(error) or type(error).__name__
        except http.client.HTTPException as error:  # it broke off, or is none
            reason = f"no whole answer: {error!r}"
        if look + 1 < LOOKS:
            pause(PAUSE)
    raise SmokeFailed(f"{name}: {reason}")


def _runs(console: str, release: str) -> str:
    for _ in range(IN_A_ROW):
        answer = _get(f"{console}/livez").strip()
        if answer != f"ok {release}":
            raise Wrong(f"answers {answer[:80]!r} instead of 'ok {release}'")
    return answer


def _ready(console: str) -> str:
    _get(f"{console}/readyz")
    return "ready"


def _page(address: str) -> str:
    page = _get(address)
    files = sorted({urljoin(address, found) for found in _FILES.findall(page)})
    if "<form" not in page or not files:
        raise Wrong("is no page with a form and style sheets")
    for file in files:
        if not _get(file):
            raise Wrong(f"{file} is empty")
    return f"{len(files)} files"


def _get(address: str) -> str:
    """The body of a 200; HTTPError, an OSError, of anything else."""
    if urlsplit(address).scheme not in ("http", "https"):
        raise Wrong(f"{address} is no address of the web")
    request = urllib.request.Request(address, headers={"User-Agent": "aerie-deploy"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
        return str(response.read().decode(errors="replace"))


def _handshake(address: str) -> str:
    """It speaks TLS; ``ws://`` only has to take a connection.

    Who signed its certificate is for access points to judge, by authorities this machine need not know; its
    end is watched by an alarm. That it then asks for theirs is how it should be.
    """
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    with socket.create_connection((parts.hostname or "", port), timeout=TIMEOUT) as connection:
        if parts.scheme != "wss":
            return "takes connections"
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(connection, server_hostname=parts.hostname) as secured:
            return str(secured.version())
