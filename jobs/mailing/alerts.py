"""Who is told of an alert, and in which words."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone as clock
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from devices.alerting import CLOSED, OPENED
from devices.models import AccessPoint, Alert, Link, Network, Task
from devices.models.alert import AlertAfter, AlertRule
from jobs.mailing.promising import finish_with, in_charge
from jobs.mailing.sending import Letter

WHAT = {OPENED: "alert", CLOSED: "recovery"}
NAMED = 50  # access points in one mail


def write_to_all(task: Task) -> None:
    """Payload: {"what": "opened" or "closed", "alerts": [ids]}."""
    rows = Alert.objects.filter(pk__in=task.payload["alerts"]).select_related("network__organisation")
    finish_with(task, list(_mails(WHAT[task.payload["what"]], list(rows.order_by("pk")))))


def _mails(what: str, alerts: Sequence[Alert]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """One statement for all rules, and one for the people of each organisation."""
    rules = AlertRule.objects.in_bulk([alert.network_id for alert in alerts])
    people = lru_cache(maxsize=None)(in_charge)
    for alert in alerts:
        rule = rules.get(alert.network_id) or AlertRule(network=alert.network)
        if rule.minutes == AlertAfter.NEVER:
            continue
        for address in rule.addresses or people(alert.network.organisation):
            yield what, str(alert.pk), address, {"alert": alert.pk}


def alert_letter(told: dict[str, Any]) -> Letter | None:
    if (alert := _alert(told)) is None:
        return None
    words = _words(alert)
    return Letter(_subject(alert, words["count"]) % words, "alert", words)


def _subject(alert: Alert, count: int) -> str:
    """A mail that had to wait for its server does not call offline who is back."""
    if alert.closed_at:
        return ngettext(
            "%(network)s: an access point was offline", "%(network)s: %(count)d access points were offline",
            count,
        )  # fmt: skip
    return ngettext(
        "%(network)s: an access point is offline", "%(network)s: %(count)d access points are offline", count
    )


def recovery_letter(told: dict[str, Any]) -> Letter | None:
    if (alert := _alert(told)) is None:
        return None
    words = _words(alert)
    return Letter(_("%(network)s: the alert is over") % words, "recovery", words)


def _alert(told: dict[str, Any]) -> Alert | None:
    return Alert.objects.select_related("network__organisation").filter(pk=told["alert"]).first()


def _words(alert: Alert) -> dict[str, Any]:
    network: Network = alert.network
    named = alert.serials[:NAMED]
    rows = {row.serial: row for row in AccessPoint.objects.filter(serial__in=named, network=network)}
    return {
        "alert": alert,
        "network": network.name,
        "organisation": network.organisation.name,
        "zone": network.timezone,
        "count": len(alert.serials),
        "lines": [_line(one, rows.get(one), network) for one in named],
        "more": len(alert.serials) - len(named),
        "link": settings.NETWORK_LINK.format(slug=network.organisation.slug, network=network.pk),
    }


def _line(serial: str, row: AccessPoint | None, network: Network) -> dict[str, str]:
    """How it is now, which may not be how it was when the alert opened."""
    if row is None:
        return {"name": serial, "state": _("no longer in this network")}
    if row.link != Link.OFFLINE or row.silent_since is None:
        return {"name": str(row), "state": str(Link(row.link).label)}
    since = date_format(clock.localtime(row.silent_since, ZoneInfo(network.timezone)), "DATETIME_FORMAT")
    words = _("offline since %(since)s, %(zone)s") % {"since": since, "zone": network.timezone}
    return {"name": str(row), "state": words}
