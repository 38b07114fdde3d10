"""What changed between two wishes, for people: labelled, and without a single secret."""

from collections.abc import Callable, Iterator

import msgspec

from devices.rendering.intent import BAND_NAMES, BANDS, NetworkIntent, Radius, Security, SsidIntent
from devices.rendering.problem import gettext_noop

CHANGED = gettext_noop("changed")
ON = gettext_noop("on")
OFF = gettext_noop("off")
UNLIMITED = gettext_noop("no limit")
UNTAGGED = gettext_noop("untagged")
NONE = gettext_noop("none")


class Change(msgspec.Struct, frozen=True):
    """``old`` and ``new`` are words to show; None: there was, or will be, nothing.

    ``path`` as in ``Problem.where``; ``label`` the English name of the field, to translate;
    ``subject`` the SSID it is of, empty for the network. ``disruptive``: clients reconnect.
    Secrets are masked: both sides say nothing but that they changed.
    """

    path: tuple[str, ...]
    label: str
    old: str | None
    new: str | None
    disruptive: bool
    subject: str = ""


def changes(old: NetworkIntent | None, new: NetworkIntent) -> list[Change]:
    """Every difference, in the order of the page; none is left out. ``old`` None: all of it is new."""
    found = [*_place(old, new), *_ssids(old, new)]
    if old is None:
        return [msgspec.structs.replace(change, disruptive=False) for change in found]
    return found


_PLACE = (
    ("name", gettext_noop("Name"), False),
    ("country", gettext_noop("Country"), True),
    ("timezone", gettext_noop("Time zone"), False),
    ("window_start", gettext_noop("Maintenance from"), False),
    ("window_end", gettext_noop("Maintenance until"), False),
)


def _place(old: NetworkIntent | None, new: NetworkIntent) -> Iterator[Change]:
    for field, label, disruptive in _PLACE:
        before, after = getattr(old, field, None), getattr(new, field)
        if before != after:
            yield Change((field,), label, before, after, disruptive)


def _ssids(old: NetworkIntent | None, new: NetworkIntent) -> Iterator[Change]:
    before = {ssid.key: ssid for ssid in old.ssids} if old else {}
    after = {ssid.key: ssid for ssid in new.ssids}
    for key, ssid in before.items():
        if key not in after:
            yield Change(
                ("ssids", key), gettext_noop("SSID removed"), _summary(ssid), None, ssid.enabled, ssid.name
            )
    for key, ssid in after.items():
        if key in before:
            yield from _fields(before[key], ssid)
        else:
            yield Change(
                ("ssids", key), gettext_noop("SSID added"), None, _summary(ssid), ssid.enabled, ssid.name
            )
    yield from _order(
        [before[key] for key in before if key in after], [after[key] for key in after if key in before]
    )


def _order(before: list[SsidIntent], after: list[SsidIntent]) -> Iterator[Change]:
    if [ssid.key for ssid in before] != [ssid.key for ssid in after]:
        names = [", ".join(ssid.name for ssid in ssids) for ssids in (before, after)]
        yield Change(("ssids",), gettext_noop("Order of the SSIDs"), names[0], names[1], False)


def _summary(ssid: SsidIntent) -> str:
    words = [ssid.name, SECURITY_NAMES[ssid.security], _bands(ssid)]
    if ssid.vlan is not None:
        words.append(f"VLAN {ssid.vlan}")
    return ", ".join(words)


def _fields(old: SsidIntent, new: SsidIntent) -> Iterator[Change]:
    on_air = old.enabled or new.enabled
    for field, label, read, disruptive in _FIELDS:
        before, after = read(old), read(new)
        if before != after:
            path = ("ssids", new.key, field)
            yield Change(path, label, before, after, disruptive and on_air, new.name)
    for field, label, secret, used in _SECRETS:
        if secret(old) != secret(new):
            disruptive = on_air and (used(old) or used(new))
            yield Change(("ssids", new.key, field), label, CHANGED, CHANGED, disruptive, new.name)


SECURITY_NAMES = {
    Security.OPEN: gettext_noop("open"),
    Security.OWE: gettext_noop("enhanced open (OWE)"),
    Security.WPA2: "WPA2",
    Security.WPA2_WPA3: "WPA2 + WPA3",
    Security.WPA3: "WPA3",
    Security.WPA2_ENTERPRISE: "WPA2 Enterprise",
    Security.WPA2_WPA3_ENTERPRISE: "WPA2 + WPA3 Enterprise",
    Security.WPA3_ENTERPRISE: "WPA3 Enterprise",
}


def _bands(ssid: SsidIntent) -> str:
    return ", ".join(BAND_NAMES[band] for band in BANDS if band in ssid.bands)


def _switch(field: str) -> Callable[[SsidIntent], str]:
    return lambda ssid: ON if getattr(ssid, field) else OFF


def _number(field: str, unit: str, otherwise: str) -> Callable[[SsidIntent], str]:
    def read(ssid: SsidIntent) -> str:
        number = getattr(ssid, field)
        return otherwise if number is None else f"{number}{unit}"

    return read


def _of_radius(read: Callable[[Radius], str]) -> Callable[[SsidIntent], str]:
    return lambda ssid: read(ssid.radius) if ssid.radius else NONE


def _accounting(radius: Radius) -> str:
    return NONE if radius.accounting_port is None else str(radius.accounting_port)


_FIELDS: tuple[tuple[str, str, Callable[[SsidIntent], str], bool], ...] = (
    ("name", gettext_noop("SSID"), lambda ssid: ssid.name, True),
    ("enabled", gettext_noop("On air"), _switch("enabled"), True),
    ("security", gettext_noop("Security"), lambda ssid: SECURITY_NAMES[ssid.security], True),
    ("radius_host", gettext_noop("RADIUS server"), _of_radius(lambda radius: radius.host), True),
    ("radius_port", gettext_noop("RADIUS port"), _of_radius(lambda radius: str(radius.port)), True),
    ("radius_accounting_port", gettext_noop("RADIUS accounting port"), _of_radius(_accounting), True),
    ("bands", gettext_noop("Bands"), _bands, True),
    ("vlan", gettext_noop("VLAN"), _number("vlan", "", UNTAGGED), True),
    ("hidden", gettext_noop("Hidden"), _switch("hidden"), False),
    ("isolate", gettext_noop("Clients isolated from each other"), _switch("isolate"), False),
    ("download_mbps", gettext_noop("Download limit"), _number("download_mbps", " Mbit/s", UNLIMITED), False),
    ("upload_mbps", gettext_noop("Upload limit"), _number("upload_mbps", " Mbit/s", UNLIMITED), False),
    ("guest", gettext_noop("Guest network"), _switch("guest"), True),
    ("captive", gettext_noop("Click-through page"), _switch("captive"), True),
)

_SECRETS: tuple[
    tuple[str, str, Callable[[SsidIntent], str], Callable[[SsidIntent], bool]],
    ...,
] = (
    (
        "passphrase",
        gettext_noop("Passphrase"),
        lambda ssid: ssid.passphrase,
        lambda ssid: ssid.security.needs_passphrase,
    ),
    (
        "radius_secret",
        gettext_noop("RADIUS secret"),
        lambda ssid: ssid.radius.secret if ssid.radius else "",
        lambda ssid: ssid.security.needs_radius,
    ),
)
