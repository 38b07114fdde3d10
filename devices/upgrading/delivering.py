"""Upgrade commands on their way to the live store: once each, whatever is killed or lost.

An upgrade that reached its access point twice would install twice. So a command is marked in MySQL
before the live store has it: killed in between it is never sent, and its target is tried again later.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from devices import clock, storage
from devices.live_store import live_store
from devices.models import Command, FirmwareImage, RolloutTarget
from devices.models.command import CommandState
from devices.models.rollout import RolloutState
from devices.rollouts.versions import runs
from devices.transactions import run_transaction
from outpost.store.contract import PendingCommand

LINK_SECONDS = 6 * 3600  # a download may be slow, and begins within minutes


def deliver(ids: Iterable[int]) -> int:
    """Put them into the live store and nudge. Returns how many. Raises ``StoreUnavailable``.

    Those marked when the store does not answer stay unsent.
    """
    asked = _still_wanted(list(ids))
    marked = run_transaction(lambda: _mark(asked, timezone.now()))
    links: dict[int, str] = {}
    targets = RolloutTarget.objects.filter(command__in=marked).select_related("command", "step", "rollout")
    pending = [_pending(target, links) for target in targets.order_by("command")]
    store = live_store()
    store.put_commands(pending)
    store.nudge([command.serial for command in pending])
    return len(pending)


def _still_wanted(ids: list[int]) -> list[int]:
    """But for those that run it already: facts may be late, and the live store knows first.

    Were it sent again, it would be installed twice. Raises ``StoreUnavailable``.
    """
    targets = RolloutTarget.objects.filter(command__in=ids, step__isnull=False).select_related("step")
    wanted = [(one.serial, one.command_id, one.step.version) for one in targets if one.step]
    heard = live_store().reported([serial for serial, *_ in wanted])
    return [
        pk
        for (_serial, pk, version), told in zip(wanted, heard, strict=True)
        if pk and not runs(told.firmware, version)
    ]


def _mark(ids: list[int], now: datetime) -> list[int]:
    """Those that nobody marked before, of rollouts that are still moving, with images still offered."""
    moving = RolloutTarget.objects.filter(
        command__in=ids, rollout__state=RolloutState.RUNNING, step__withdrawn_at=None
    )
    rows = Command.objects.filter(
        pk__in=moving.values("command"), state=CommandState.QUEUED, delivered_at=None, expires_at__gt=now
    ).order_by("pk")
    mine = list(rows.select_for_update().values_list("pk", flat=True))
    Command.objects.filter(pk__in=mine).update(delivered_at=now)
    return mine


def _pending(target: RolloutTarget, links: dict[int, str]) -> PendingCommand:
    command, image = target.command, target.step
    if command is None or image is None:
        raise LookupError(f"{target} has no command or no image")
    return PendingCommand(
        serial=target.serial,
        id=command.pk,
        method="upgrade",
        params={"uri": _link(image, links), "keep_redirector": True},
        expires_at=command.expires_at.timestamp(),
        timeout=_patience(target).total_seconds(),
    )


def _patience(target: RolloutTarget) -> timedelta:
    """For the answer, which comes after the download: longer than the target's own deadline."""
    return clock.real_span(timedelta(minutes=target.rollout.answer_minutes)) + timedelta(minutes=10)


def _link(image: FirmwareImage, links: dict[int, str]) -> str:
    """The same for everybody of a delivery."""
    if image.pk not in links:
        links[image.pk] = storage.link(image.key, image.file_name, LINK_SECONDS)
    return links[image.pk]
