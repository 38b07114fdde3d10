"""Access points that were connected before they were claimed: what they told is taken over now.

Whatever an unclaimed access point says leaves no trace in MySQL; the live store alone
remembers its ``connect``, as long as it stays parked at an outpost.
"""

from collections.abc import Iterator, Sequence

import msgspec
from django.db.models import Q

from devices.ingest.recording import record
from devices.live_store import live_store
from devices.models import AccessPoint
from outpost.store.contract import Fact, Reported


def adopt(access_points: Sequence[int]) -> list[str]:
    """Their serials; those whose capabilities MySQL does not know are looked up in the live store first.

    Raises ``StoreUnavailable``.
    """
    rows = AccessPoint.objects.filter(pk__in=access_points).order_by("pk")
    known = list(rows.annotate(untold=Q(capabilities__isnull=True)).values_list("serial", "untold"))
    unknown = [serial for serial, missing in known if missing]
    if unknown:
        reports = live_store().reported(unknown, with_state=True)
        record([fact for reported in reports for fact in _facts(reported)], adopting=True)
    return [serial for serial, _ in known]


def _facts(reported: Reported) -> Iterator[Fact]:
    """What the outpost would have told of it, had it been claimed."""
    if not reported.session:
        return
    serial, session = reported.serial, reported.session
    yield Fact(
        f"adopted-{serial}-{session}", "connected", serial, reported.connected_at, session, _told(reported)
    )
    if not reported.connected:
        yield Fact(f"adopted-{serial}-{session}-gone", "disconnected", serial, reported.last_seen, session)


def _told(reported: Reported) -> dict[str, object]:
    try:
        capabilities = msgspec.json.decode(reported.capabilities or b"{}", type=dict)
    except msgspec.MsgspecError:
        capabilities = {}
    return {
        "uuid": reported.uuid,
        "firmware": reported.firmware,
        "compatible": reported.compatible,
        "address": reported.address,
        "capabilities": capabilities,
    }
