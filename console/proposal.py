"""A change on its way from a form to a revision: examined first, then sealed while it is reviewed.

Between the form and "Apply" the wish travels through the browser as one sealed
token. It holds passphrases, so it is encrypted; it is bound to its user and its
network, names the revision it was written against, and expires.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from accounts.keyring import BrokenSecret, keyring
from accounts.models import User
from devices.impact import Impact, impact
from devices.models import Network
from devices.models.network import InvalidIntent, StaleRevision
from devices.rendering.diff import Change, changes
from devices.rendering.intent import NetworkIntent
from devices.rendering.validation import problems

LIFETIME = timedelta(hours=1)
# The form a draft came from, when it was not that of an SSID (those are named by their key).
PLACE, NO_FORM = "place", ""


class DraftLost(Exception):
    """The draft is too old, of somebody else or another network, or was altered."""


class Draft(msgspec.Struct, frozen=True):
    """``base`` is the revision the wish was written against, ``form`` where it can be edited again."""

    intent: NetworkIntent
    base: int
    form: str
    until: float

    def __repr__(self) -> str:
        return f"Draft(base={self.base}, form={self.form!r})"


@dataclass(frozen=True)
class Proposal:
    """What a wish would change, and whom."""

    intent: NetworkIntent
    base: int
    changes: list[Change]
    impact: Impact


def examine(network: Network, intent: NetworkIntent, base: int | None) -> Proposal:
    """Hold the wish against what is wanted now. Raises ``InvalidIntent`` and ``StaleRevision``."""
    if found := problems(intent):
        raise InvalidIntent(found)
    if base is not None and base != network.revision_number:
        raise StaleRevision(network.latest_revision())
    old = network.intent()
    changed = changes(old, intent)
    return Proposal(intent, network.revision_number, changed, impact(network, changed, old))


def seal(user: User, network: Network, proposal: Proposal, form: str, now: datetime) -> str:
    draft = Draft(proposal.intent, proposal.base, form, (now + LIFETIME).timestamp())
    return keyring().seal(msgspec.json.encode(draft).decode(), _context(user, network))


def unseal(user: User, network: Network, token: str, now: datetime) -> Draft:
    """Raises ``DraftLost``."""
    try:
        draft = msgspec.json.decode(keyring().open(token, _context(user, network)), type=Draft)
    except (BrokenSecret, msgspec.MsgspecError) as error:
        raise DraftLost from error
    if now.timestamp() > draft.until:
        raise DraftLost
    return draft


def _context(user: User, network: Network) -> str:
    return f"draft:{user.pk}:{network.pk}"
