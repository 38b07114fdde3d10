"""From desired in MySQL to desired in the live store, and a nudge to the outposts.

MySQL first: one transaction numbers and writes what changed. A second one holds the same
rows while the live store is made equal to them. So whatever dies in between, publishing
again puts right, and of two publishers the later one's content stays. Nothing is sent
twice: the live store is written only where its version differs.
"""

import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TypeVar

import msgspec
from django.db.models import TextField
from django.db.models.functions import Cast

from devices.adoption import adopt
from devices.live_store import live_store, seal
from devices.models import AccessPoint, Configuration, Network, Task
from devices.publication import Edition, Publication
from devices.rendering.hardware import hardware_of
from devices.rendering.intent import Hardware
from devices.transactions import run_transaction
from devices.upsert import upsert
from outpost.store.contract import Desired, DesiredVersion

T = TypeVar("T")
BATCH = 1000  # access points per transaction: their network is locked for a third of a second
_CONTENT = ("uuid", "hash", "left_out", "unpublishable")


@dataclass(frozen=True)
class _Published:
    """One access point as the first transaction left it, and what the live store held before."""

    row: Configuration
    serial: str
    publication: Publication
    held: DesiredVersion | None

    def differs(self, network: str) -> bool:
        """Whether the live store has to be written."""
        if self.publication.document is None:
            return self.held is None
        held = self.held and (self.held.uuid, self.held.hash, self.held.network)
        return held != (self.publication.uuid, self.publication.hash, network)

    @property
    def unanswered(self) -> bool:
        """Nothing was heard of this number yet: its nudge may have been lost with a worker."""
        heard = max(self.row.sent_uuid, self.row.applied_uuid, self.row.refused_uuid, self.row.reported_uuid)
        return self.publication.document is not None and heard < self.publication.uuid

    def desired(self, network: str) -> Desired:
        """Sealed for the live store; number 0 claims an access point that nothing can be sent to yet."""
        if self.publication.document is None:
            return Desired(self.serial, 0, "", b"", network)
        document = seal().seal(self.serial, zlib.compress(self.publication.document))
        return Desired(self.serial, self.publication.uuid, self.publication.hash, document, network)


def publish_network(network: int) -> Iterator[int]:
    """Make the live store hold what the network wants of each of its access points.

    Yields after every batch how many were written. Raises ``StoreUnavailable``.
    """
    pks = AccessPoint.objects.filter(network=network).order_by("pk").values_list("pk", flat=True)
    yield from _publish(network, list(pks))


def publish_access_points(access_points: Sequence[int]) -> Iterator[int]:
    """As ``publish_network`` for some access points, of any network."""
    found = AccessPoint.objects.filter(pk__in=access_points).order_by("network", "pk")
    by_network: dict[int, list[int]] = {}
    for network, pk in found.values_list("network", "pk"):
        by_network.setdefault(network, []).append(pk)
    for network, pks in by_network.items():
        yield from _publish(network, pks)


def forget(serials: Sequence[str]) -> Iterator[int]:
    """They were given up: park them. Yields after every batch.

    Also those that somebody has claimed since: what they reported to their former owner,
    clients and all, is not the new one's to see. They are published again.
    """
    store = live_store()
    for chunk in _batches(serials):
        store.remove_desired(chunk)
        store.nudge(chunk)
        _restore(chunk)
        yield len(chunk)


def _restore(removed: Sequence[str]) -> None:
    """Claimed before or while we removed them: publish again, or they would stay parked."""
    pks = sorted(AccessPoint.objects.filter(serial__in=removed).values_list("pk", flat=True))
    if pks:
        digest = sha256(repr(pks).encode()).hexdigest()[:32]
        Task.promise("publish", f"publish:reclaimed:{digest}", {"access_points": pks})


def _publish(network: int, pks: list[int]) -> Iterator[int]:
    publisher = _Publisher(network)
    for batch in _batches(pks):
        yield publisher.publish(batch)


class _Publisher:
    """Publishes batches of one network, rendering it again only where its revision moved on."""

    def __init__(self, network: int) -> None:
        self._network = network
        self._key = str(network)  # as the live store knows it
        self._edition: Edition | None = None
        self._hardware: dict[str, Hardware] = {}

    def publish(self, pks: Sequence[int]) -> int:
        """How many were written to the live store."""
        store = live_store()
        serials = adopt(pks)
        held = dict(zip(serials, store.desired_versions(serials), strict=True))
        published = run_transaction(lambda: self._number(pks, held))
        differing = {one.row.pk: one for one in published if one.differs(self._key)}
        written = run_transaction(lambda: self._copy(differing)) if differing else []
        store.nudge(sorted({*written, *(one.serial for one in published if one.unanswered)}))
        return len(written)

    def _number(self, pks: Sequence[int], held: dict[str, DesiredVersion | None]) -> list[_Published]:
        """First transaction: decide, and write the rows. Empty when the network is gone."""
        network = Network.objects.select_for_update().filter(pk=self._network).first()
        if network is None:
            return []
        edition = self._edition_of(network)
        now = int(time.time())
        published = []
        for one in _locked(pks, network):
            publication = edition.publication(one, self._hardware_of(one), held.get(one.serial), now)
            published.append(_Published(one.configuration, one.serial, publication, held.get(one.serial)))
        _write(published, edition.revision)
        return published

    def _edition_of(self, network: Network) -> Edition:
        if self._edition is None or self._edition.revision != network.revision_number:
            self._edition = Edition(network.revision_number, network.intent())
        return self._edition

    def _hardware_of(self, one: AccessPoint) -> Hardware | None:
        """The access points of a network are of a few models: each kind's capabilities are read once."""
        raw: str | None = one.raw_capabilities  # type: ignore[attr-defined]
        if raw is None:
            return None
        if raw not in self._hardware:
            self._hardware[raw] = hardware_of(msgspec.json.decode(raw))
        return self._hardware[raw]

    def _copy(self, differing: dict[int, _Published]) -> list[str]:
        """Second transaction: those whose rows are still as numbered, into the live store."""
        rows = Configuration.objects.filter(pk__in=differing, access_point__network=self._network)
        rows = rows.select_for_update().order_by("pk").values_list("pk", "uuid", "hash")
        ours = [differing[pk] for pk, uuid, digest in rows if _is(differing[pk].publication, uuid, digest)]
        refused = live_store().put_desired(one.desired(self._key) for one in ours)
        return sorted({one.serial for one in ours} - set(refused))


def _is(publication: Publication, uuid: int, digest: str) -> bool:
    return (publication.uuid, publication.hash) == (uuid, digest)


def _locked(pks: Sequence[int], network: Network) -> list[AccessPoint]:
    """Access points and their configurations, held until the transaction ends."""
    rows = list(
        AccessPoint.objects.filter(pk__in=pks, network=network)
        .select_related("configuration")
        .select_for_update()
        .annotate(raw_capabilities=Cast("capabilities", TextField()))
        .defer("capabilities")
        .order_by("pk")
    )
    for one in rows:
        if not hasattr(one, "configuration"):
            one.configuration = Configuration(access_point=one, wanted_revision=network.revision_number)
    return rows


def _write(published: Sequence[_Published], revision: int) -> None:
    """Two statements: new content for those it changed for, the revision's number for the others."""
    changed, same = [], []
    for one in published:
        if one.publication.document is None and not one.publication.unpublishable:
            continue  # its hardware is not known yet: it is published once it told
        content = _columns(one.publication)
        if content != _columns_of(one.row):
            changed.append(one.row)
        elif one.row.published_revision != revision:
            same.append(one.row.pk)
        for column, value in content.items():
            setattr(one.row, column, value)
        one.row.published_revision = revision
    upsert(Configuration, changed, ["published_revision", *_CONTENT], "access_point")
    if same:
        Configuration.objects.filter(pk__in=same).update(published_revision=revision)


def _columns(publication: Publication) -> dict[str, object]:
    return {name: getattr(publication, name) for name in _CONTENT} | {"left_out": list(publication.left_out)}


def _columns_of(row: Configuration) -> dict[str, object]:
    return {name: getattr(row, name) for name in _CONTENT}


def _batches(many: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(many)
    while batch := list(islice(rest, BATCH)):
        yield batch
