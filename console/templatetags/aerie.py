"""What templates say in one word: icons, state badges, moments, addresses as people write them."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import QuerySet
from django.templatetags.static import static
from django.utils import timezone as clock
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_countries import countries

from accounts.models import Organisation
from console import access, badges
from devices.rendering.diff import SECURITY_NAMES, Change
from devices.rendering.intent import BAND_NAMES, BANDS, Security

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A shape from our sprite; always beside words, so hidden from screen readers.

    From our own origin even where a CDN serves the rest: browsers draw no ``<use>`` of another one.
    """
    return format_html(
        '<svg class="icon icon-{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        name,
        urlsplit(static("vendor/bootstrap-icons/icons.svg")).path,
        name,
    )


@register.simple_tag
def badge(axis: str, state: Any) -> SafeString:
    """``axis`` is link, configuration, firmware, command, rollout, target or report."""
    return as_badge(
        {
            "link": badges.link_badge,
            "configuration": badges.configuration_badge,
            "firmware": badges.firmware_badge,
            "command": badges.command_badge,
            "rollout": badges.rollout_badge,
            "target": badges.target_badge,
            "report": badges.report_badge,
        }[axis](state)
    )


@register.filter
def as_badge(shown: badges.Badge) -> SafeString:
    html = '<span class="badge-state tone-{}">{} {}</span>'
    return format_html(html, shown.tone, icon(shown.icon), shown.label)


@register.simple_tag
def on_air(enabled: bool) -> SafeString:
    return as_badge(badges.ON_AIR if enabled else badges.OFF_AIR)


@register.simple_tag
def moment(at: datetime | None, zone: str = "UTC") -> SafeString | str:
    """ "3 minutes ago" with the exact time, in ``zone``, in the title."""
    if at is None:
        return _("never")
    exact = f"{date_format(clock.localtime(at, _zone(zone)), 'DATETIME_FORMAT')} ({zone})"
    html = '<time datetime="{}" title="{}" data-relative>{}</time>'
    return format_html(html, at.isoformat(), exact, naturaltime(at))


@register.simple_tag
def wall(at: datetime, zone: str) -> SafeString:
    """A moment as the clock on the wall of ``zone`` shows it."""
    shown = date_format(clock.localtime(at, _zone(zone)), "D j M, H:i")
    return format_html(
        '<time datetime="{}">{}</time> <span class="quiet">({})</span>', at.isoformat(), shown, zone
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@register.filter
def mac(serial: str) -> str:
    """``24f5a2000001`` as it is printed on the label: ``24:f5:a2:00:00:01``."""
    digits = serial.replace(":", "")
    return ":".join(digits[n : n + 2] for n in range(0, len(digits), 2)) if len(digits) == 12 else serial


@register.filter
def band(code: str) -> str:
    """``5G`` as people say it: ``5 GHz``. Variants such as ``5G-lower`` are 5 GHz too."""
    return BAND_NAMES.get(code.split("-")[0], code)  # type: ignore[call-overload,no-any-return]


@register.filter
def lasting(seconds: int | None) -> str:
    """A duration in its largest unit."""
    if seconds is None:
        return "–"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if hours:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


@register.filter
def translated(message: str) -> str:
    """Words that a pure room only marked for translation."""
    return _(message) if message else ""


@register.simple_tag
def side(change: Change, value: str) -> str:
    """One side of a change in words: countries by name, the words of rendering in the visitor's language."""
    if change.path == ("country",):
        return str(countries.name(value) or value)
    return _(value) if value else ""


@register.simple_tag(takes_context=True)
def my_organisations(context: dict[str, Any]) -> "QuerySet[Organisation]":
    """What the switcher offers."""
    return access.organisations(context["request"])


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changed: Any) -> str:
    """This page's address with some of its query changed; None or empty leaves a key out."""
    query = context["request"].GET.copy()
    for key, value in changed.items():
        query.pop(key, None)
        if value not in (None, ""):
            query[key] = value
    return f"?{query.urlencode()}" if query else "?"


@register.filter
def security(code: str) -> str:
    """``wpa2-wpa3`` as people say it: ``WPA2 + WPA3``."""
    name = _(SECURITY_NAMES[Security(code)])
    return name[:1].upper() + name[1:]


@register.filter
def bands(codes: str) -> str:
    """``2G,5G`` as people say it."""
    return " + ".join(BAND_NAMES[one] for one in BANDS if one in codes.split(","))


@register.filter
def at(counted: dict[str, int] | None, key: str) -> int | str:
    """What was counted under ``key``; a dash where nobody could count."""
    return "–" if counted is None else counted.get(key, 0)


@register.filter
def from_unix(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@register.simple_tag
def sorted_by(listing: Any, key: str) -> SafeString | str:
    """Tells screen readers which column the rows are sorted by."""
    if listing.order.sort != key:
        return ""
    return format_html('aria-sort="{}"', "descending" if listing.order.descending else "ascending")


# Where each bar lights up, in dBm: what is usable, good for video, as good as it gets.
_BARS = (-85, -75, -67, -55)


@register.simple_tag
def signal(dbm: int | None) -> SafeString | str:
    """A signal strength as bars and in dBm."""
    if dbm is None:
        return "–"
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="3" height="{}" rx="1"/>',
        (("lit" if dbm >= least else "", 5 * n, 12 - 4 * n, 4 + 4 * n) for n, least in enumerate(_BARS)),
    )
    svg = format_html('<svg viewBox="0 0 18 16" aria-hidden="true" focusable="false">{}</svg>', bars)
    return format_html('<span class="signal">{} {} dBm</span>', svg, dbm)
