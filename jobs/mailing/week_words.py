"""An organisation's week in sentences, out of what ``devices.reporting.week_contents`` tells. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - only the difference is told


def sentences(week: dict[str, Any]) -> list[str]:
    """Short ones, each about something else; nothing about what nobody can say."""
    found = [_links(week["links"]), _whole(week["whole"]), _alerts(week["alerts"])]
    found += [_firmware(week["outdated"]), _rollouts(week["rollouts"]), _traffic(week["traffic"])]
    return [one for one in found if one]


def online(of: dict[str, float | None]) -> str:
    """``98.5 %, 0.4 points less than the week before``."""
    percent, change = of["percent"], of["change"]
    told = _("%(percent)s %%") % {"percent": _number(percent)}
    if not change:
        return told
    points = {"told": told, "points": _number(abs(change))}
    if change < 0:
        return _("%(told)s, %(points)s points less than the week before") % points
    return _("%(told)s, %(points)s points more than the week before") % points


def _links(links: dict[str, int]) -> str:
    parts = [
        _("%(n)d online") % {"n": links["online"]},
        _("%(n)d offline") % {"n": links["offline"]},
        _("%(n)d never seen") % {"n": links["unseen"]},
        _("%(n)d disabled") % {"n": links["disabled"]} if links["disabled"] else "",
    ]
    return _("Access points now: %(counts)s.") % {"counts": ", ".join(part for part in parts if part)}


def _whole(whole: dict[str, float | None]) -> str:
    if whole["percent"] is None:
        return ""
    return _("Together they were online for %(percent)s.") % {"percent": online(whole)}


def _alerts(alerts: dict[str, int]) -> str:
    if not alerts["count"]:
        return _("Alerts: none.")
    longest = timesince(EPOCH, EPOCH + timedelta(seconds=alerts["longest"]))
    told = _("Alerts: %(n)d; the longest lasted %(longest)s.") % {"n": alerts["count"], "longest": longest}
    if not alerts["open"]:
        return told
    still = ngettext("%(n)d of them is still open.", "%(n)d of them are still open.", alerts["open"])
    return f"{told} {still % {'n': alerts['open']}}"


def _firmware(outdated: int | None) -> str:
    if outdated is None:
        return ""
    if not outdated:
        return _("Firmware: no access point runs an older version than the newest stable one offered.")
    told = ngettext(
        "Firmware: %(n)d access point runs an older version than the newest stable one offered.",
        "Firmware: %(n)d access points run an older version than the newest stable one offered.",
        outdated,
    )
    return told % {"n": outdated}


def _rollouts(rollouts: dict[str, int]) -> str:
    counts = ", ".join(_rollout_counts(rollouts))
    return _("Firmware rollouts: %(counts)s.") % {"counts": counts} if counts else ""


def _rollout_counts(rollouts: dict[str, int]) -> Iterator[str]:
    if rollouts["open"]:
        yield _("%(n)d not finished") % {"n": rollouts["open"]}
    if rollouts["halted"]:
        yield _("%(n)d of them halted") % {"n": rollouts["halted"]}
    if rollouts["finished"]:
        yield _("%(n)d finished this week") % {"n": rollouts["finished"]}


def _traffic(traffic: dict[str, int] | None) -> str:
    if traffic is None:
        return ""
    down, up = filesizeformat(traffic["downloaded"]), filesizeformat(traffic["uploaded"])
    told = ngettext(
        "Clients downloaded %(down)s and uploaded %(up)s; in the busiest hour there was %(n)d.",
        "Clients downloaded %(down)s and uploaded %(up)s; in the busiest hour there were %(n)d.",
        traffic["clients"],
    )
    return told % {"down": down, "up": up, "n": traffic["clients"]}


def _number(number: float | None) -> str:
    return number_format(f"{number or 0:.2f}".rstrip("0").rstrip("."))
