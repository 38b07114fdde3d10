"""Browsers at work on a console behind a balancer: pages with their files, changes, uploads, sign-ins.

Every request is written down, and so is every change that was answered well, under a name of its own.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import mechanicalsoup
import requests
from requests.adapters import HTTPAdapter

from tests.faults.writing import Book
from tests.images import image
from tests.ops.cast import EMAIL
from tests.stack import PASSWORD, Browser

TIMEOUT = 60.0  # seconds; a browser waits longer
PAGES = ("", "networks/{0}/", "networks/{1}/history/", "firmware/", "rollouts/", "members/", "activity/")
_ASSETS = re.compile(r'(?:href|src)="([^"#]*/static/[^"#]+)')
MOST_INVITATIONS = 45  # an organisation has fifty open at most


@dataclass(frozen=True)
class Asked:
    """One request and its answer: the status, or what broke, in words. ``seconds`` to its last byte."""

    what: str
    answer: str
    seconds: float

    @property
    def failed(self) -> bool:
        return not re.fullmatch(r"[23]\d\d", self.answer)


@dataclass
class Ledger:
    """Every request of everybody."""

    asked: list[Asked] = field(default_factory=list)

    @property
    def failed(self) -> list[Asked]:
        return [one for one in self.asked if one.failed]

    def seconds(self, share: float) -> float:
        """What this share (0 to 1) of the requests did not take longer than."""
        ordered = sorted(one.seconds for one in self.asked) or [0.0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Measured(HTTPAdapter):
    """Writes down every request, and sends none twice."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(max_retries=0)
        self._ledger = ledger

    def send(self, request: requests.PreparedRequest, *words: Any, **more: Any) -> requests.Response:
        what = f"{request.method} {urlsplit(request.url or '').path}"
        began, more["timeout"] = time.monotonic(), TIMEOUT
        answer = "broke off"
        try:
            response = super().send(request, *words, **more)
            _ = response.content
            answer = str(response.status_code)
            return response
        except requests.RequestException as error:
            answer = repr(error)
            raise
        finally:
            self._ledger.asked.append(Asked(what, answer, time.monotonic() - began))


class Visitor(Browser):
    """Signed in, over TLS."""

    def __init__(self, url: str, ca: Path, ledger: Ledger) -> None:
        session = requests.Session()
        session.verify, session.trust_env = str(ca), False
        session.mount("https://", Measured(ledger))
        mechanicalsoup.StatefulBrowser.__init__(self, session=session, raise_on_404=True)
        self.console = url
        self.go("/account/login/")
        self.fill(login=EMAIL, password=PASSWORD)
        assert "/account/login/" not in self.url, self.text[:300]

    def files(self) -> list[str]:
        """Paths of the style sheets, scripts and images of the page that is open."""
        return sorted(set(_ASSETS.findall(str(self.page))))

    def fetch(self, path: str) -> None:
        """Something a page needs. Raises ``HTTPError``."""
        self.session.get(f"{self.console}{path}").raise_for_status()


class Load:
    """``start`` the visitors, ``stop`` them; then everything is in ``ledger`` and the books."""

    def __init__(self, url: str, ca: Path, organisation: str, networks: Iterable[int]) -> None:
        self.url, self.ca, self.home = url, ca, f"/o/{organisation}/"
        self.networks = list(networks)
        self.ledger = Ledger()
        self.saves, self.invitations, self.uploads, self.visits = Book(), Book(), Book(), Book()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def visitor(self) -> Visitor:
        return Visitor(self.url, self.ca, self.ledger)

    def start(self, readers: int = 4) -> None:
        """One after the other: many sign-ins of one person at once look like somebody guessing."""
        for number in range(readers):
            self._start(self._read, self.visitor(), Random(number))
        for network in self.networks:
            self._start(self._save, self.visitor(), network)
        self._start(self._invite, self.visitor())
        self._start(self._upload, self.visitor())
        self._start(self._sign_in)

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(90)
        assert not any(thread.is_alive() for thread in self._threads), "a visitor hangs"

    @property
    def broken(self) -> list[str]:
        """What visitors could not do, in words; a request that failed is here as well as in the ledger."""
        return [words for book in (*self.written, self.visits) for words in book.failed]

    @property
    def written(self) -> tuple[Book, ...]:
        return self.saves, self.invitations, self.uploads

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _each(self, pause: float, book: Book, what: Callable[[int], tuple[str, Callable[[], None]]]) -> None:
        """Again and again until the end, with that many seconds in between."""
        number = 0
        while not self._over.wait(pause):
            number += 1
            book.time(*what(number))

    def _read(self, browser: Visitor, dice: Random) -> None:
        known = set[str]()

        def page(number: int) -> tuple[str, Callable[[], None]]:
            path = self.home + dice.choice(PAGES).format(*self.networks)
            return path, lambda: _visit(browser, path, known)

        self._each(0.8, self.visits, page)

    def _save(self, browser: Visitor, network: int) -> None:
        settings = f"{self.home}networks/{network}/settings/"

        def change(number: int) -> tuple[str, Callable[[], None]]:
            name = f"Shop {network} saved {number}"
            return name, lambda: _save(browser, settings, name)

        self._each(2.0, self.saves, change)

    def _invite(self, browser: Visitor) -> None:
        def invitation(number: int) -> tuple[str, Callable[[], None]]:
            email = f"guest-{number}@elsewhere.example"
            return email, lambda: _invite(browser, self.home, email)

        self._each_at_most(MOST_INVITATIONS, 5.0, self.invitations, invitation)

    def _each_at_most(
        self, most: int, pause: float, book: Book, what: Callable[[int], tuple[str, Callable[[], None]]]
    ) -> None:
        for number in range(1, most + 1):
            if self._over.wait(pause):
                return
            book.time(*what(number))

    def _upload(self, browser: Visitor) -> None:
        def upload(number: int) -> tuple[str, Callable[[], None]]:
            version = f"TIP-v1.0.{number}"
            return version, lambda: _upload(browser, self.home, version)

        self._each(8.0, self.uploads, upload)

    def _sign_in(self) -> None:
        self._each(6.0, self.visits, lambda number: (f"sign-in {number}", lambda: _leave(self.visitor())))


def _visit(browser: Visitor, path: str, known: set[str]) -> None:
    """The page, and of its files those that this browser has not seen."""
    browser.go(path)
    for file in set(browser.files()) - known:
        browser.fetch(file)
        known.add(file)


def _save(browser: Visitor, settings: str, name: str) -> None:
    browser.go(settings)
    browser.fill(name=name)
    assert "revision=" in browser.url, (browser.url, browser.text[:200])


def _invite(browser: Visitor, home: str, email: str) -> None:
    browser.go(f"{home}invitations/new/")
    browser.fill(email=email, role="viewer")
    assert browser.url.endswith("/members/"), browser.text[:200]


def _leave(browser: Visitor) -> None:
    browser.session.close()


def _upload(browser: Visitor, home: str, version: str) -> None:
    """As the page's script does: announce it, send the parts straight to the storage, finish."""
    content = image(version, ["edgecore_eap101"], size=9 * 1024 * 1024)
    browser.go(f"{home}firmware/new/")
    token = browser.page.select_one("input[name=csrfmiddlewaretoken]")["value"]
    headers = {"Accept": "application/json", "Referer": browser.url, "X-CSRFToken": str(token)}
    told = {"file_name": f"{version}.bin", "size": len(content), "channel": "stable"}
    begun = browser.session.post(browser.url, data=told, headers=headers)
    assert begun.status_code == 200, begun.text[:300]
    plan = begun.json()
    for number, address in enumerate(plan["urls"]):
        part = content[number * plan["part_size"] : (number + 1) * plan["part_size"]]
        requests.put(address, data=part, timeout=TIMEOUT).raise_for_status()
    finished = browser.session.post(f"{browser.console}{plan['finish']}", headers=headers)
    assert "location" in finished.json(), json.dumps(finished.json())
