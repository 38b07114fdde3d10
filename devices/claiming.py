"""Claiming access points: from pasted lines, a scanned label or a CSV, each line answered.

A serial belongs to one organisation at a time. Whose it is, when it is not
ours, is never told.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from accounts.verification import require_verified
from devices.live_store import live_store
from devices.models import AccessPoint, Configuration, Network
from devices.rendering.names import plain
from outpost.protocol.messages import normalise_serial
from outpost.store.contract import StoreUnavailable

if TYPE_CHECKING:
    from accounts.models import User

MAX_LINES = 10_000
MAX_NAME = 60
HEADERS = {"serial", "serial number", "mac", "mac address"}


class Outcome(models.TextChoices):
    CLAIMED = "claimed", _("Claimed: it is connected and will be configured now")
    AWAITED = "awaited", _("Claimed: it will be configured at its first check-in")
    OURS = "ours", _("Already yours")
    TAKEN = "taken", _("Already claimed. If it is yours, ask its former owner to release it")
    DUPLICATE = "duplicate", _("Named twice here; once is enough")
    MALFORMED = "malformed", _("Not a serial or MAC address: 12 hexadecimal digits are needed")


@dataclass
class Answer:
    """What became of one serial: ``line`` counts from 1, ``text`` is what was given."""

    line: int
    text: str
    serial: str = ""
    name: str = ""
    outcome: Outcome | None = None

    @property
    def good(self) -> bool:
        return self.outcome in {Outcome.CLAIMED, Outcome.AWAITED, Outcome.OURS}


class TooManyLines(ValueError):
    """More than ``MAX_LINES`` serials at once; nothing was claimed."""


@dataclass
class _Reading:
    answers: list[Answer] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def add(self, line: int, text: str, serial: str | None, name: str = "") -> None:
        answer = Answer(line, text.strip()[:100], serial or "", plain(name)[:MAX_NAME])
        if serial is None:
            answer.outcome = Outcome.MALFORMED
        elif serial in self.seen:
            answer.outcome = Outcome.DUPLICATE
        self.seen.add(answer.serial)
        self.answers.append(answer)


def claim(user: "User", network: Network, text: str) -> list[Answer]:
    """Claim every serial in ``text`` for the network; each is answered, good ones are kept.

    Raises ``accounts.verification.Unverified`` and ``TooManyLines``.
    """
    require_verified(user)
    answers = read_lines(text)
    if len(answers) > MAX_LINES:
        raise TooManyLines(f"{len(answers)} lines; at most {MAX_LINES} at once")
    wanted = [answer for answer in answers if answer.outcome is None]
    with transaction.atomic():
        network = network.locked()
        claimed = _take(user, network, wanted)
    _tell_connected(claimed)
    return answers


def read_lines(text: str) -> list[Answer]:
    """One answer per serial: lines of serials, or CSV with the serial first and the name second."""
    reading = _Reading()
    for number, line in enumerate(text.splitlines(), start=1):
        cells = _cells(line)
        if any(cells) and not (number == 1 and _is_header(cells)):
            _read_line(reading, number, line, cells)
    return reading.answers


def _read_line(reading: _Reading, number: int, line: str, cells: list[str]) -> None:
    first, *rest = cells
    serial = _serial(first)
    if serial and not (rest and _serial(rest[0])):
        reading.add(number, first, serial, rest[0] if rest else "")
        return
    several = [cell for cell in cells if cell] if serial else line.split()
    if all(_serial(one) for one in several):
        for one in several:
            reading.add(number, one, _serial(one))
    else:
        reading.add(number, line, None)


def _cells(line: str) -> list[str]:
    """The line as CSV, whichever of the usual separators it uses."""
    separator = next((s for s in ";\t," if s in line), ",")
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return [line.strip()]


def _is_header(cells: list[str]) -> bool:
    return cells[0].lower().lstrip("\ufeff").replace("_", " ") in HEADERS


def _serial(text: str) -> str | None:
    try:
        return normalise_serial(text)
    except ValueError:
        return None


def _take(user: "User", network: Network, wanted: Sequence[Answer]) -> list[Answer]:
    """Insert what is free in a fixed number of statements; a race is decided by the unique serial."""
    rows = [AccessPoint(network=network, serial=a.serial, name=a.name, claimed_by=user) for a in wanted]
    before = _owners(wanted)
    AccessPoint.objects.bulk_create(
        [row for row in rows if row.serial not in before], ignore_conflicts=True, batch_size=1000
    )
    after = _owners(wanted)
    for answer in wanted:
        answer.outcome = _outcome(answer.serial, before, after, network)
    claimed = [answer for answer in wanted if answer.outcome is Outcome.AWAITED]
    if claimed:
        _follow_up(user, network, claimed)
    return claimed


def _owners(wanted: Sequence[Answer]) -> dict[str, int]:
    """Serial to the organisation that holds it."""
    rows = AccessPoint.objects.filter(serial__in=[answer.serial for answer in wanted])
    return dict(rows.values_list("serial", "network__organisation"))


def _outcome(serial: str, before: dict[str, int], after: dict[str, int], network: Network) -> Outcome:
    if after.get(serial) != network.organisation_id:
        return Outcome.TAKEN
    return Outcome.OURS if serial in before else Outcome.AWAITED


def _follow_up(user: "User", network: Network, claimed: Sequence[Answer]) -> None:
    """What a claim brings with it: a configuration to run, an audit entry, a publication."""
    serials = [answer.serial for answer in claimed]
    access_points = list(AccessPoint.objects.filter(serial__in=serials))
    Configuration.objects.bulk_create(
        [Configuration(access_point=one, wanted_revision=network.revision_number) for one in access_points],
        ignore_conflicts=True,
        batch_size=1000,
    )
    AuditEntry.record(
        network.organisation, user, "access_point.claim", network, count=len(serials), serials=serials[:100]
    )
    network.publish_soon()


def _tell_connected(claimed: Sequence[Answer]) -> None:
    """Say which of them are parked at an outpost already; without the live store, none is known to be."""
    try:
        reports = live_store().reported([answer.serial for answer in claimed]) if claimed else []
    except StoreUnavailable:
        return
    for answer, reported in zip(claimed, reports, strict=True):
        if reported.connected:
            answer.outcome = Outcome.CLAIMED
