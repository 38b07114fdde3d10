"""IANA names to POSIX rules."""

import re

import pytest

from devices.rendering.timezones import UnknownZone, posix, zones


@pytest.mark.parametrize(
    ("zone", "rule"),
    [
        ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"),
        ("America/New_York", "EST5EDT,M3.2.0,M11.1.0"),
        ("Asia/Kolkata", "IST-5:30"),
        ("UTC", "UTC0"),
    ],
)
def test_known_rules(zone, rule):
    assert posix(zone) == rule


def test_every_zone_has_a_rule():
    wrong = [zone for zone in zones() if not re.fullmatch(r"[A-Za-z0-9<>+,./:-]{4,60}", posix(zone))]
    assert (len(zones()) > 400, wrong) == (True, [])


@pytest.mark.parametrize("zone", ["", "Europe", "Factory", "../zones", "/etc/passwd", "Europe/Berlin\n"])
def test_unknown_zones(zone):
    with pytest.raises(UnknownZone):
        posix(zone)
