"""Browsers that write all the time: each write is unique, so that what was lost or doubled can be counted."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count as numbers

import requests

from tests.replication import query
from tests.servers import MariaDB
from tests.stack import Browser

INVITERS = 2
Note = Callable[..., None]
EVERY = 1.5  # seconds between two invitations of one person
INVITATIONS = 20  # of one person: an organisation has fifty open at most

SIGN_IN_EVERY = 3.0  # seconds between sign-ins of one visitor; an address may try thirty times a minute

_people = numbers(1)
_rounds = numbers(1)  # what one crowd writes is new to the next, too


@dataclass
class Book:
    """What was asked for and answered well, and what was not."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    longest: float = 0.0  # seconds of the slowest, which is several requests
    stall: float = 0.0  # seconds of the slowest request of ``somebody``

    def time(self, what: str, write: Callable[[], None]) -> None:
        began = time.monotonic()
        try:
            write()
        except (requests.RequestException, AssertionError) as error:
            self.failed.append(f"{what}: {error!r}")
        else:
            self.done.append(what)
        self.longest = max(self.longest, time.monotonic() - began)

    def somebody(self, url: str) -> Browser:
        """Whose requests are timed, from an address that a console behind proxies believes."""
        session = requests.Session()
        session.headers["X-Forwarded-For"] = f"198.51.100.{next(_people) % 254 + 1}"
        session.hooks["response"].append(self._watch)
        return Browser(url, session=session)

    def _watch(self, response: requests.Response, **_told: object) -> None:
        self.stall = max(self.stall, response.elapsed.total_seconds())


class Writers:
    """A thread for each browser; ``with`` runs them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._round = next(_rounds)
        self.invitations, self.saves, self.logins = Book(), Book(), Book()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def invite(self, browser: Browser, organisation: str, number: int) -> None:
        for count in range(INVITATIONS):
            if self._stopped.wait(EVERY):
                break
            email = f"guest-{number}-{self._round}-{count}@elsewhere.example"
            self.invitations.time(email, lambda email=email: _invite(browser, organisation, email))  # type: ignore[misc]

    def save(self, browser: Browser, settings: str) -> None:
        count = 0
        while not self._stopped.is_set():
            count += 1
            name = f"Place {settings.split('/')[4]} saved {self._round}-{count}"
            self.saves.time(name, lambda name=name: _save(browser, settings, name))  # type: ignore[misc]

    def log_in(self) -> None:
        while not self._stopped.wait(SIGN_IN_EVERY):
            self.logins.time("login", lambda: _log_in(self.logins.somebody(self.url)))

    def start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(120)

    def failed(self) -> list[str]:
        return self.invitations.failed + self.saves.failed + self.logins.failed

    def measure(self, measured: Note) -> None:
        """What failed, and how long anybody waited."""
        print(self.figures())
        books = (self.invitations, self.saves, self.logins)
        failed = len(self.failed())
        measured(failed, "writes failed", of=failed + sum(len(book.done) for book in books))
        measured(self.longest(), "s longest stall")

    def figures(self) -> str:
        done = [len(book.done) for book in (self.invitations, self.saves, self.logins)]
        counts = "{} invitations, {} saves, {} sign-ins".format(*done)
        return f"{counts}; {len(self.failed())} failed; longest stall {self.longest():.1f} s"

    def assert_each_once(self, server: MariaDB) -> None:
        """Whatever was answered well is there, told of in the audit log, and nothing is there twice."""
        there = query(server, "SELECT email FROM accounts_invitation WHERE email LIKE 'guest-%'")
        assert Counter(email for (email,) in there) == Counter(self.invitations.done)
        assert _told(server, "guest-%@elsewhere%") == Counter(self.invitations.done)
        assert _told(server, "Place % saved %") == Counter(self.saves.done)

    def longest(self) -> float:
        return max(self.invitations.stall, self.saves.stall, self.logins.stall)


def at_work(url: str, spared: str = "", visitors: int = 1) -> Writers:
    """Those who invite, those who save their networks, and visitors who keep signing in.

    The network whose page is at ``spared`` is left to somebody else: two who save one contradict each other.
    """
    writers = Writers(url)
    first = writers.logins.somebody(url)
    home = first.url.removeprefix(url)
    networks = sorted({link["href"] for link in first.links("/networks/\\d+/$")} - {spared})
    for number in range(INVITERS):
        writers.start(writers.invite, writers.invitations.somebody(url), home, number)
    for network in networks:
        writers.start(writers.save, writers.saves.somebody(url), f"{network}settings/")
    for _visitor in range(visitors):
        writers.start(writers.log_in)
    return writers


def _told(server: MariaDB, like: str) -> Counter[str]:
    rows = query(server, f"SELECT subject FROM accounts_auditentry WHERE subject LIKE '{like}'")
    return Counter(subject for (subject,) in rows)


def _invite(browser: Browser, organisation: str, email: str) -> None:
    browser.go(f"{organisation}invitations/new/")
    browser.fill(email=email, role="viewer")
    assert browser.url.endswith("/members/"), browser.text[:200]


def _save(browser: Browser, settings: str, name: str) -> None:
    browser.go(settings)
    browser.fill(name=name)
    assert "revision=" in browser.url, (browser.url, browser.text[:200])


def _log_in(browser: Browser) -> None:
    """It signed in when it was opened."""
    assert "/account/login/" not in browser.url, browser.text[:200]
