"""What we refuse to render, in words. Stricter than the uCentral schema, which lets almost anything pass.

An access point answers a wrong configuration late, in its own words, or not at all:
so whatever ``problems`` accepts must apply without a reject on any of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from devices.rendering import ssid_rules
from devices.rendering.countries import codes
from devices.rendering.intent import BAND_NAMES, BANDS, Hardware, NetworkIntent, SsidIntent
from devices.rendering.names import has_unwritten
from devices.rendering.problem import Problem, gettext_noop
from devices.rendering.timezones import zones

__all__ = ["Problem", "problems", "problems_for"]

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_NETWORK_NAME = 100
_SSIDS_PER_BAND = 8


def problems(intent: NetworkIntent) -> list[Problem]:
    """Everything wrong with ``intent``, in the order of the form. Empty: it can be rendered."""
    found = list(_place(intent))
    for ssid in intent.ssids:
        found.extend(ssid_rules.problems(ssid))
    found.extend(_together(intent.ssids))
    return found


def problems_for(intent: NetworkIntent, hardware: Hardware) -> list[Problem]:
    """What this access point will leave out of a valid ``intent``. It runs the rest."""
    if hardware.countries and intent.country not in hardware.countries:
        return [_locked(hardware)]
    wanted = [ssid for ssid in intent.ssids if ssid.enabled and not hardware.bands.issuperset(ssid.bands)]
    return [_missing_radios(ssid, hardware) for ssid in wanted]


def _place(intent: NetworkIntent) -> Iterator[Problem]:
    if not intent.name.strip():
        yield Problem(("name",), gettext_noop("Give the network a name."))
    elif len(intent.name) > _NETWORK_NAME or has_unwritten(intent.name):
        message = gettext_noop("A network name is one line of at most {most} characters.")
        yield Problem(("name",), message, {"most": _NETWORK_NAME})
    if intent.country not in codes():
        message = gettext_noop("Choose a country: it decides which channels and how much power are legal.")
        yield Problem(("country",), message)
    if intent.timezone not in zones():
        message = gettext_noop("Choose a time zone from the list, such as Europe/Berlin.")
        yield Problem(("timezone",), message)
    yield from _window(intent)


def _window(intent: NetworkIntent) -> Iterator[Problem]:
    for field, clock in (("window_start", intent.window_start), ("window_end", intent.window_end)):
        if not _CLOCK.fullmatch(clock):
            message = gettext_noop("Write the time as hours and minutes, from 00:00 to 23:59.")
            yield Problem((field,), message)
    if intent.window_start == intent.window_end:
        message = gettext_noop("The maintenance window ends when it starts; choose another time.")
        yield Problem(("window_end",), message)


def _together(ssids: tuple[SsidIntent, ...]) -> Iterator[Problem]:
    """What single SSIDs are right about, but not all of them at once."""
    for key, times in Counter(ssid.key for ssid in ssids).items():
        if times > 1:
            yield Problem(("ssids", key, "key"), gettext_noop("Two SSIDs have the same key."))
    on_air = [ssid for ssid in ssids if ssid.enabled]
    yield from _twins(on_air)
    yield from _crowding(on_air)
    yield from _portals(on_air)


def _twins(on_air: Iterable[SsidIntent]) -> Iterator[Problem]:
    taken: set[tuple[str, str]] = set()
    for ssid in on_air:
        places = {(ssid.name, band) for band in ssid.bands}
        if places & taken:
            message = gettext_noop(
                "Another SSID has this name on the same band; phones could not tell them apart."
            )
            yield Problem(("ssids", ssid.key, "name"), message)
        taken |= places


def _crowding(on_air: list[SsidIntent]) -> Iterator[Problem]:
    for band in BANDS:
        for ssid in [ssid for ssid in on_air if band in ssid.bands][_SSIDS_PER_BAND:]:
            message = gettext_noop(
                "At most {most} SSIDs fit on {band}: each one announces itself ten times a second "
                "on every access point and takes airtime from all clients. Switch one off or merge two."
            )
            params: dict[str, str | int] = {"most": _SSIDS_PER_BAND, "band": BAND_NAMES[band]}
            yield Problem(("ssids", ssid.key, "bands"), message, params)


def _portals(on_air: Iterable[SsidIntent]) -> Iterator[Problem]:
    portals = [ssid for ssid in on_air if ssid.captive and ssid.guest]
    for ssid in portals[1:]:
        if ssid.vlan != portals[0].vlan:
            message = gettext_noop(
                "An access point can show its click-through page on one guest VLAN only; "
                "“{other}” already has it on another."
            )
            yield Problem(("ssids", ssid.key, "captive"), message, {"other": portals[0].name})


def _locked(hardware: Hardware) -> Problem:
    message = gettext_noop(
        "This access point is locked by its maker to {countries}. "
        "Its radios stay off in this network's country."
    )
    return Problem(("country",), message, {"countries": ", ".join(sorted(hardware.countries))})


def _missing_radios(ssid: SsidIntent, hardware: Hardware) -> Problem:
    missing = [BAND_NAMES[band] for band in BANDS if band in ssid.bands and band not in hardware.bands]
    if hardware.bands.isdisjoint(ssid.bands):
        message = gettext_noop("“{ssid}” is not on air here: this access point has no radio for {bands}.")
    else:
        message = gettext_noop("“{ssid}” is left out of {bands}: this access point has no such radio.")
    return Problem(("ssids", ssid.key, "bands"), message, {"ssid": ssid.name, "bands": ", ".join(missing)})
