"""The audit log in words: what each verb is called, with which shape, and how the log is narrowed down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, Role

# What a verb is about, by the first part of its name.
SUBJECTS: dict[str, Promise] = {
    "network": _("Networks"),
    "access_point": _("Access points"),
    "command": _("Commands"),
    "firmware": _("Firmware"),
    "report": _("Reports"),
    "rollout": _("Rollouts"),
    "membership": _("People"),
    "invitation": _("Invitations"),
    "organisation": _("Organisation"),
}
ICONS = {
    "network": "wifi",
    "access_point": "router",
    "command": "power",
    "firmware": "patch-check",
    "report": "journal-text",
    "rollout": "layers",
    "membership": "people",
    "invitation": "people",
    "organisation": "building",
}
WORDS: dict[str, Promise] = {
    "organisation.found": _("founded the organisation %(subject)s"),
    "organisation.rename": _("renamed the organisation from %(old)s to %(new)s"),
    "invitation.send": _("invited %(subject)s as %(role)s"),
    "invitation.resend": _("sent %(subject)s the invitation again"),
    "invitation.revoke": _("took back the invitation of %(subject)s"),
    "invitation.accept": _("accepted the invitation as %(role)s"),
    "membership.change_role": _("changed the role of %(subject)s from %(old)s to %(new)s"),
    "membership.remove": _("removed %(subject)s from the organisation"),
    "membership.leave": _("left the organisation"),
    "network.revise": _("saved %(subject)s as revision %(revision)s"),
    "network.remove": _("removed the network %(subject)s; access points released: %(count)s"),
    "network.alerts": _(
        "changed the alerts of %(subject)s: minutes offline %(minutes)s (0 is never), addresses %(count)s"
    ),
    "access_point.claim": _("claimed access points for %(subject)s: %(count)s"),
    "access_point.rename": _("renamed access point %(serial)s from %(old)s to %(new)s"),
    "access_point.tag": _("changed the tags of %(subject)s from “%(old)s” to “%(new)s”"),
    "access_point.move": _("moved %(subject)s from %(old)s to %(new)s"),
    "access_point.release": _("released %(subject)s"),
    "rollout.start": _("started the rollout %(subject)s to access points: %(count)s"),
    "rollout.pause": _("paused the rollout %(subject)s"),
    "rollout.resume": _("resumed the rollout %(subject)s"),
    "rollout.cancel": _("cancelled what waited of the rollout %(subject)s"),
    "rollout.retry": _("had access points that failed in the rollout %(subject)s tried again: %(count)s"),
    "rollout.roll_back": _("rolled back %(subject)s; new rollouts: %(count)s"),
    "rollout.halt": _("halted the rollout %(subject)s: %(reason)s"),
    "rollout.finish": _("finished the rollout %(subject)s"),
    "report.ask": _("asked for the report of %(subject)s"),
    "firmware.upload": _("uploaded the firmware file %(subject)s"),
    "firmware.withdraw": _("withdrew firmware %(subject)s"),
    "firmware.offer_again": _("offered firmware %(subject)s again"),
    "firmware.edit": _("edited the channel or notes of firmware %(subject)s"),
    "firmware.discard": _("cleared away the firmware file %(subject)s"),
    "command.reboot": _("rebooted %(subject)s"),
    "command.blink": _("let %(subject)s blink"),
    "command.factory": _("reset %(subject)s to factory settings"),
    "command.wifiscan": _("let %(subject)s look for other Wi-Fi"),
    "command.trace": _("recorded traffic of %(subject)s for %(duration)s s"),
    "command.kick": _("disconnected the client %(mac)s from %(subject)s"),
    "command.cancel": _("cancelled a command that waited for %(subject)s"),
    "command.download": _("downloaded traffic recorded by %(subject)s"),
}


# What nobody does but Aerie by itself.
BY_ITSELF = {"rollout.halt", "rollout.finish"}
_ROLES: dict[Any, Any] = {role.value: role.label for role in Role}


class _Details(dict[str, Any]):
    """A detail that an old entry lacks is a dash, not an error."""

    def __missing__(self, key: str) -> str:
        return "–"


@dataclass(frozen=True)
class Line:
    """One entry as it is shown."""

    at: datetime
    actor: str
    words: str
    icon: str

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        about = entry.verb.partition(".")[0]
        return cls(entry.at, _actor(entry), words(entry), ICONS.get(about, "circle"))


def _actor(entry: AuditEntry) -> str:
    if entry.actor:
        return str(entry.actor)
    return "Aerie" if entry.verb in BY_ITSELF else _now("Somebody who no longer has an account")


def words(entry: AuditEntry) -> str:
    """What was done, without who did it."""
    pattern = WORDS.get(entry.verb)
    if pattern is None:
        return f"{entry.verb} {entry.subject}"
    details = _Details(entry.detail, subject=entry.subject)
    if entry.verb.startswith(("membership.", "invitation.")):
        details.update({key: _ROLES.get(value, value) for key, value in entry.detail.items()})
    return str(pattern) % details


@dataclass(frozen=True)
class Filter:
    """``about`` is a key of ``SUBJECTS`` or empty; ``by`` a user's id; ``q`` is looked for in subjects."""

    about: str = ""
    by: int | None = None
    q: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> Self:
        """What makes no sense is left out rather than refused: it is only a view of the log."""
        about, by = query.get("about", ""), query.get("by", "")
        known = by.isascii() and by.isdigit() and len(by) < 19
        text = query.get("q", "").replace("\x00", "").strip()[:100]
        return cls(about if about in SUBJECTS else "", int(by) if known else None, text)

    def of(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        asked = Q()
        if self.about:
            asked &= Q(verb__startswith=f"{self.about}.")
        if self.by is not None:
            asked &= Q(actor=self.by)
        if self.q:
            asked &= Q(subject__icontains=self.q)
        return entries.filter(asked)

    @property
    def filtered(self) -> bool:
        return bool(self.about or self.q or self.by is not None)
