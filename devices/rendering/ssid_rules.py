"""The rules one SSID must keep by itself."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from devices.rendering.intent import BANDS, Radius, Security, SsidIntent
from devices.rendering.names import has_unwritten
from devices.rendering.problem import Problem, gettext_noop

NAME_OCTETS = 32  # IEEE 802.11-2020, 9.4.2.2
HIGHEST_VLAN = 4050  # uCentral schema 5.1.0; access points number their own interfaces down from 4090
HIGHEST_RATE = 10_000  # Mbit/s
RADIUS_PORTS = range(1024, 65536)  # uCentral schema 5.1.0

# WPA passphrases are 8 to 63 printable ASCII characters (IEEE 802.11-2020, annex J.4).
_PASSPHRASE = re.compile(r"[ -~]{8,63}")
# The access point's renderer writes the secret unquoted into a command line, where these end a word.
_RADIUS_SECRET = re.compile(r"""[!$-&(-:<-\[\]-~]{8,128}""")
_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
_NOT_ON_6G = frozenset({Security.OPEN, Security.WPA2, Security.WPA2_ENTERPRISE})


def problems(ssid: SsidIntent) -> Iterator[Problem]:
    """Everything wrong with ``ssid`` alone, in the order of the form."""
    for field, message, params in _broken(ssid):
        yield Problem(("ssids", ssid.key, field), message, params)


_Broken = tuple[str, str, dict[str, str | int]]


def _broken(ssid: SsidIntent) -> Iterator[_Broken]:
    yield from _name(ssid)
    yield from _passphrase(ssid)
    yield from _radius(ssid)
    yield from _bands(ssid)
    yield from _vlan(ssid)
    yield from _rates(ssid)
    yield from _captive(ssid)


def _name(ssid: SsidIntent) -> Iterator[_Broken]:
    name = ssid.name
    octets = len(name.encode("utf-8", "surrogatepass"))
    if not name:
        yield "name", gettext_noop("Give the SSID a name."), {}
    if octets > NAME_OCTETS:
        message = gettext_noop(
            "This name takes {octets} bytes and an SSID has {most}: accented letters count two or three, "
            "most emoji four."
        )
        yield "name", message, {"octets": octets, "most": NAME_OCTETS}
    if has_unwritten(name):
        yield (
            "name",
            gettext_noop("Line breaks, control characters and invisible characters cannot be used."),
            {},
        )
    elif name != name.strip():
        message = gettext_noop("Remove the space at the start or the end: nobody could see it when joining.")
        yield "name", message, {}


def _passphrase(ssid: SsidIntent) -> Iterator[_Broken]:
    if ssid.security.needs_passphrase and not _PASSPHRASE.fullmatch(ssid.passphrase):
        message = gettext_noop(
            "A passphrase has 8 to 63 letters, digits, signs and spaces, without accented letters or emoji."
        )
        yield "passphrase", message, {}


def _radius(ssid: SsidIntent) -> Iterator[_Broken]:
    if not ssid.security.needs_radius:
        return
    if ssid.radius is None:
        yield "radius_host", gettext_noop("Enterprise security needs a RADIUS server."), {}
        return
    yield from _radius_server(ssid.radius)


def _radius_server(radius: Radius) -> Iterator[_Broken]:
    if not is_host(radius.host):
        message = gettext_noop("Write the IP address or the host name of the RADIUS server.")
        yield "radius_host", message, {}
    if not _RADIUS_SECRET.fullmatch(radius.secret):
        message = gettext_noop(
            "A RADIUS secret has 8 to 128 letters, digits and signs. Access points cannot take spaces, "
            "quotation marks, backslashes, semicolons, #, accented letters or emoji in it."
        )
        yield "radius_secret", message, {}
    for field, port in (("radius_port", radius.port), ("radius_accounting_port", radius.accounting_port)):
        if port is not None and port not in RADIUS_PORTS:
            message = gettext_noop("A RADIUS port is a number from 1024 to 65535; 1812 and 1813 are usual.")
            yield field, message, {}


def is_host(host: str) -> bool:
    """Whether ``host`` is an IPv4 or IPv6 address or a host name (RFC 1123)."""
    try:
        return not getattr(ip_address(host), "scope_id", None)
    except ValueError:
        pass
    labels = host.split(".")
    if len(host) > 253 or labels[-1].isdigit():
        return False
    return all(map(_HOST_LABEL.fullmatch, labels))


def _bands(ssid: SsidIntent) -> Iterator[_Broken]:
    if not ssid.bands or not set(ssid.bands) <= set(BANDS):
        yield "bands", gettext_noop("Choose at least one band: 2.4 GHz, 5 GHz or 6 GHz."), {}
    if "6G" in ssid.bands and ssid.security in _NOT_ON_6G:
        message = gettext_noop(
            "6 GHz allows WPA3 and enhanced open (OWE) only. Choose another security, or leave 6 GHz out."
        )
        yield "bands", message, {}


def _vlan(ssid: SsidIntent) -> Iterator[_Broken]:
    if ssid.vlan is not None and not 1 <= ssid.vlan <= HIGHEST_VLAN:
        message = gettext_noop(
            "A VLAN is a number from 1 to {most}; the few above are the access points' own. Leave it empty "
            "for the untagged network the access point hangs on. 1 is the untagged network of most "
            "switches: choose it only if yours tags it."
        )
        yield "vlan", message, {"most": HIGHEST_VLAN}


def _rates(ssid: SsidIntent) -> Iterator[_Broken]:
    for field, rate in (("download_mbps", ssid.download_mbps), ("upload_mbps", ssid.upload_mbps)):
        if rate is not None and not 1 <= rate <= HIGHEST_RATE:
            message = gettext_noop(
                "A limit is 1 to {most} Mbit/s for each client; leave it empty for no limit."
            )
            yield field, message, {"most": HIGHEST_RATE}


def _captive(ssid: SsidIntent) -> Iterator[_Broken]:
    if ssid.captive and not ssid.guest:
        message = gettext_noop(
            "A click-through page is for guests: make this a guest network, or switch it off."
        )
        yield "captive", message, {}
    elif ssid.captive and ssid.security.needs_radius:
        message = gettext_noop("Enterprise clients sign in already; switch the click-through page off.")
        yield "captive", message, {}
