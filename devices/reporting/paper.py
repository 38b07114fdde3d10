"""The report as PDF: typeset by Typst, tagged for screen readers, the same bytes for the same contents."""

import json
from heapq import nlargest
from math import floor
from pathlib import Path
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from devices.reporting.availability import Online
from devices.reporting.contents import AccessPointMonth, Contents, NetworkMonth

HERE = Path(__file__).parent
LEAST = 10
# More is nothing that anybody reads on paper, and thousands of rows cost the worker gigabytes for good.
NETWORKS, VERSIONS = 300, 40
UNKNOWN = "–"
# PDF/UA-1 (ISO 14289-1) wants a shape for every character, which our fonts lack. It is tagged all the same.
_STANDARDS: tuple[list[Any], ...] = (["ua-1"], ["1.7"])


def as_pdf(contents: Contents) -> bytes:
    """Words in the language that is active. Raises ``typst.TypstError`` when the template is wrong."""
    import typst  # 77 MB on disk, 7 MiB of memory: only for who sets a report

    told = json.dumps(_told(contents), ensure_ascii=False)
    for standard in _STANDARDS[:-1]:
        try:
            return _set(told, standard)
        except typst.TypstError:
            continue
    return _set(told, _STANDARDS[-1])


def _set(told: str, standard: list[Any]) -> bytes:
    import typst

    made = typst.compile(
        str(HERE / "report.typ"),
        root=str(HERE),
        font_paths=[str(HERE / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"report": told},
        pdf_standards=standard,
        timestamp=0,
    )
    return bytes(made)  # type: ignore[arg-type]


def _told(contents: Contents) -> dict[str, Any]:
    """What the template shows: text, and shares of a whole from 0 to 1."""
    most = max((moved for _day, moved in contents.days), default=0) or 1
    return {
        "language": (get_language() or "en").split("-")[0],
        "organisation": _plain(contents.organisation),
        "month": date_format(contents.month, "YEAR_MONTH_FORMAT"),
        "covers": _covers(contents),
        "words": _words(),
        "figures": _figures(contents),
        "days": [moved / most for _day, moved in contents.days],
        "days_words": _days_words(contents),
        "first_day": date_format(contents.days[0][0]) if contents.days else "",
        "last_day": date_format(contents.days[-1][0]) if contents.days else "",
        "networks_head": [
            *(_("Network"), _("Access points"), _("Available"), _("Downloaded"), _("Uploaded")),
            *(_("Most clients"), _("Alerts")),
        ],
        "networks": [_network(one) for one in _busiest(contents.networks)],
        "networks_left_out": _left_out(contents.networks),
        "ssids_head": ["SSID", _("Downloaded"), _("Uploaded")],
        "ssids": [
            [_plain(ssid), filesizeformat(down), filesizeformat(up)] for ssid, down, up in contents.ssids
        ],
        "least_head": [_("Access point"), _("Network"), _("Available"), _("Outages"), _("Longest")],
        "least": [_least(one) for one in contents.least_online(LEAST)],
        "firmware_head": [_("Model"), _("Firmware"), _("Access points")],
        "firmware": [
            [_plain(model), _plain(version), str(n)] for model, version, n in contents.firmware[:VERSIONS]
        ],
    }


def _words() -> dict[str, str]:
    return {
        "title": _("Wi-Fi report"),
        "traffic_by_day": _("Traffic by day"),
        "networks": _("Networks"),
        "no_networks": _("There was no network."),
        "busiest": _("Busiest SSIDs"),
        "least": _("Offline the most"),
        "firmware": _("Firmware now"),
        "how": _("How this was counted"),
        "how_words": _(
            "Days and months are in UTC. Available is the share of the time since an access point first "
            "connected that it was connected to Aerie; while it is not, its Wi-Fi may still work. An outage "
            "lasted a minute or more. Downloaded is what clients received. Most clients is the busiest hour, "
            "each access point’s most clients in it added up."
        ),
    }


def _covers(contents: Contents) -> str:
    last = date_format(contents.until, "DATETIME_FORMAT")
    return _("Until %(last)s UTC.") % {"last": last}


def _figures(contents: Contents) -> list[list[str]]:
    networks = contents.networks
    return [
        [_("Available"), percent(contents.online)],
        [_("Access points"), number_format(len(contents.access_points), force_grouping=True)],
        [_("Traffic"), filesizeformat(sum(one.downloaded + one.uploaded for one in networks))],
        [_("Most clients in a network"), str(max((one.clients for one in networks), default=0))],
        [_("Alerts"), str(sum(one.alerts for one in networks))],
        [_("Changes made"), str(contents.changes)],
    ]


def _busiest(networks: list[NetworkMonth]) -> list[NetworkMonth]:
    """As many as paper holds, in their order."""
    numbered = nlargest(NETWORKS, enumerate(networks), key=lambda one: one[1].downloaded + one[1].uploaded)
    return [network for _number, network in sorted(numbered, key=lambda one: one[0])]


def _left_out(networks: list[NetworkMonth]) -> str:
    if len(networks) <= NETWORKS:
        return ""
    return _("The %(shown)d networks with the most traffic, of %(all)d. The CSV has every access point.") % {
        "shown": NETWORKS,
        "all": len(networks),
    }


def _network(one: NetworkMonth) -> dict[str, Any]:
    share = one.online.percent if one.online else None
    return {
        "name": _plain(one.name),
        "access_points": str(one.access_points),
        "share": (share or 0) / 100,
        "available": percent(one.online),
        "downloaded": filesizeformat(one.downloaded),
        "uploaded": filesizeformat(one.uploaded),
        "clients": str(one.clients),
        "alerts": str(one.alerts),
    }


def _least(one: AccessPointMonth) -> list[str]:
    online = one.online or Online()
    minutes = round(online.longest.total_seconds() / 60)
    hours = minutes // 60
    longest = (
        ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
        if hours
        else ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    )
    name = _plain(one.name or one.serial)
    return [name, _plain(one.network), percent(online), str(online.outages), longest]


def _days_words(contents: Contents) -> str:
    """The chart for who cannot see it."""
    days = "; ".join(f"{date_format(day)}: {filesizeformat(moved)}" for day, moved in contents.days)
    return _("Traffic of each day. %(days)s") % {"days": days}


def percent(online: Online | None) -> str:
    """Rounded down: whoever had an outage was not there all the time."""
    share = online.percent if online else None
    if share is None:
        return UNKNOWN
    return f"{number_format(floor(share * 100) / 100, 2)} %"


def _plain(text: str) -> str:
    """Without the characters that only steer: they have no shape and would turn what follows around."""
    return "".join(char if char.isprintable() else " " for char in text)
