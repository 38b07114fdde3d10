"""What one access point should run, decided from plain values: no database, no live store.

A configuration gets a new number only when its content changed, or when the number it has
would not be taken: an access point runs the highest number it ever stored and answers a
lower one with success.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from django.utils.translation import gettext as _

from devices.models import AccessPoint, Configuration
from devices.rendering.document import NetworkDocument, Unrenderable, render_network
from devices.rendering.intent import Hardware, NetworkIntent, Unit
from devices.rendering.problem import Problem
from devices.rendering.size import TooLarge, check_size
from outpost.protocol.messages import MAX_NUMBER
from outpost.store.contract import DesiredVersion


@dataclass(frozen=True)
class Publication:
    """``document`` is None when there is nothing to send: unknown hardware, or ``unpublishable`` in words."""

    uuid: int
    hash: str
    document: bytes | None = None
    left_out: tuple[str, ...] = ()
    unpublishable: str = ""


class Edition:
    """A network as of one revision, rendered once and cut to each of its access points."""

    def __init__(self, revision: int, intent: NetworkIntent) -> None:
        self.revision = revision
        self._intent = intent

    @cached_property
    def _network(self) -> NetworkDocument | str:
        """The network's document, or in words why there is none."""
        try:
            return render_network(self._intent)
        except Unrenderable as error:
            return in_words(error.problems)

    def publication(
        self, access_point: AccessPoint, hardware: Hardware | None, held: DesiredVersion | None, now: int
    ) -> Publication:
        """What to publish to it, given what MySQL has (its configuration) and the live store ``held``.

        ``hardware`` None: it never told what it has. ``now`` in Unix seconds.
        """
        row = access_point.configuration
        before = Publication(row.uuid, row.hash, None, tuple(row.left_out), "")
        if hardware is None:
            return before
        if isinstance(self._network, str):
            return replace(before, unpublishable=self._network)
        rendered = self._network.for_unit(Unit(access_point.serial, access_point.name), hardware)
        left_out = tuple(_words(problem) for problem in rendered.left_out)
        try:
            check_size(rendered.document, hardware.compress)
        except TooLarge as error:
            return replace(before, left_out=left_out, unpublishable=_words(error.problem))
        uuid = next_number(row, rendered.hash, held, now)
        if uuid > MAX_NUMBER:
            return replace(before, left_out=left_out, unpublishable=_exhausted())
        return Publication(uuid, rendered.hash, rendered.document, left_out)


def next_number(row: Configuration, digest: str, held: DesiredVersion | None, now: int) -> int:
    """The number for content of this hash: the one it has, or above every number ever heard of.

    May exceed what the wire can carry (``MAX_NUMBER``).
    """
    rivals = max(row.reported_uuid, held.uuid if held else 0)
    if row.uuid and row.hash == digest and rivals <= row.uuid:
        return row.uuid
    used = max(row.uuid, row.sent_uuid, row.applied_uuid, row.refused_uuid, rivals)
    return max(now, used + 1)


def in_words(problems: Iterable[Problem]) -> str:
    """All of them, one per line."""
    return "\n".join(_words(problem) for problem in problems)


def _words(problem: Problem) -> str:
    return _(problem.message).format(**problem.params)


def _exhausted() -> str:
    return _(
        "The access point reported the highest configuration number there is, so that no other "
        "can follow. Reset it to factory settings."
    )
