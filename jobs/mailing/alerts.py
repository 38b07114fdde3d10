"""Who is told of an alert, and in which words."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
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
    finish_with(task, list(_mails(WHAT[task.payload["what"]], rows.order_by("pk"))))


def _mails(what: str, alerts: Any) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for alert in alerts:
        rule = AlertRule.of(alert.network)
        if rule.minutes == AlertAfter.NEVER:
            continue
        for address in rule.addresses or in_charge(alert.network.organisation):
            yield what, str(alert.pk), address, {"alert": alert.pk}


def alert_letter(told: dict[str, Any]) -> Letter | None:
    if (alert := _alert(told)) is None:
        return None
    words = _words(alert)
    subject = ngettext(
        "%(network)s: an access point is offline", "%(network)s: %(count)d access points are offline",
        words["count"],
    )  # fmt: skip
    return Letter(subject % words, "alert", words)


def recovery_letter(told: dict[str, Any]) -> Letter | None:
    if (alert := _alert(told)) is None:
        return None
    words = _words(alert)
    return Letter(_("%(network)s: the alert is over") % words, "recovery", words)


def _alert(told: dict[str, Any]) -> Alert | None:
    return Alert.objects.select_related("network__organisation").filter(pk=told["alert"]).first()


def _words(alert: Alert) -> dict[str, Any]:
    network: Network = alert.network
    rows = {row.serial: row for row in AccessPoint.objects.filter(serial__in=alert.serials, network=network)}
    named = alert.serials[:NAMED]
    lines = [{"name": str(rows.get(one, one)), "state": _state(rows.get(one))} for one in named]
    return {
        "alert": alert,
        "network": network.name,
        "organisation": network.organisation.name,
        "zone": network.timezone,
        "count": len(alert.serials),
        "lines": lines,
        "more": len(alert.serials) - len(lines),
        "link": settings.NETWORK_LINK.format(slug=network.organisation.slug, network=network.pk),
    }


def _state(row: AccessPoint | None) -> str:
    return str(Link(row.link).label) if row else _("no longer in this network")
