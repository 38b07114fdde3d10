"""Wishes and hardware to try: two networks people really have, and everything hypothesis can think of."""

from hypothesis import strategies as st
from msgspec.structs import replace

from devices.rendering.countries import codes
from devices.rendering.hardware import hardware_of
from devices.rendering.intent import BANDS, Hardware, NetworkIntent, Radius, Security, SsidIntent, Unit
from devices.rendering.names import has_unwritten
from devices.rendering.timezones import zones

DUAL_BAND = Hardware(
    bands=frozenset({"2G", "5G"}),
    compress=True,
    modes=frozenset(
        {("2G", "HE", 20), ("2G", "HE", 40), ("5G", "HE", 80), ("5G", "VHT", 80), ("5G", "HT", 20)}
    ),
    dfs=True,
)
TRI_BAND = replace(
    DUAL_BAND,
    bands=frozenset(BANDS),
    modes=DUAL_BAND.modes | {("6G", "EHT", 160), ("6G", "EHT", 80), ("6G", "HE", 80)},
)
UNIT = Unit(serial="903cb3aabb01", name="Lobby")

STAFF = SsidIntent("1", "Café Müller", Security.WPA2_WPA3, "correct horse battery")
GUEST = SsidIntent(
    "2", "Café Müller Gäste ☕", Security.OPEN, guest=True, captive=True, download_mbps=20, upload_mbps=5
)
CAFE = NetworkIntent("Café Müller", "DE", "Europe/Berlin", ssids=(STAFF, GUEST))

_CLINIC = Radius("radius.example.org", "hotel-secret", accounting_port=1813)
HOTEL = NetworkIntent(
    "Hotel “Zur Post”",
    "AT",
    "Europe/Vienna",
    ssids=(
        SsidIntent("10", "Post Team", Security.WPA2_WPA3_ENTERPRISE, radius=_CLINIC, bands=BANDS, vlan=10),
        SsidIntent("11", 'Post "Office"; #1', Security.WPA3, 'it\'s \\ "quoted"', bands=BANDS, isolate=True),
        SsidIntent("12", "Post Guests", Security.OWE, bands=BANDS, vlan=30, guest=True, captive=True),
        SsidIntent(
            "13", "Post Conference", Security.WPA2_WPA3, "conference-2026", bands=BANDS, vlan=30, guest=True
        ),
        SsidIntent("14", "post-iot", Security.WPA2, "thermostats", bands=("2G",), vlan=20, hidden=True),
        SsidIntent("15", "Old printers", Security.WPA2, "to be deleted", enabled=False),
    ),
)

_ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
_NAME = st.text(
    st.characters(codec="utf-8") | st.sampled_from("'\"\\;#$`{}<&☕😀éß"), min_size=1, max_size=32
)
_ENTERPRISE = [security for security in Security if security.needs_radius]


def _as_an_ssid(text: str) -> str:
    """At most 32 bytes of ``text``, on one line."""
    line = "".join(character for character in text if not has_unwritten(character))
    return line.encode()[:32].decode(errors="ignore").strip()


ssid_names = _NAME.map(_as_an_ssid).filter(bool)
passphrases = st.text(_ASCII, min_size=8, max_size=63)
radius_servers = st.builds(
    Radius,
    host=st.ip_addresses().map(str) | st.sampled_from(["radius", "radius.example.org", "a-1.example"]),
    secret=st.from_regex(r"[a-zA-Z0-9!$%&()*+,./:<=>?@^_`{|}~\[\]-]{8,128}", fullmatch=True),
    port=st.integers(1024, 65535),
    accounting_port=st.none() | st.integers(1024, 65535),
)
_bands = st.lists(st.sampled_from(BANDS), min_size=1, unique=True).map(tuple)
_rates = st.none() | st.integers(1, 10_000)


@st.composite
def ssids(draw: st.DrawFn, key: str, portal_vlan: int | None) -> SsidIntent:
    """One SSID the forms accept; a click-through page only on ``portal_vlan``."""
    security = draw(st.sampled_from(list(Security)))
    bands = draw(_bands)
    if security in {Security.OPEN, Security.WPA2, Security.WPA2_ENTERPRISE}:
        bands = tuple(band for band in bands if band != "6G") or ("2G",)
    vlan = draw(st.none() | st.just(portal_vlan) | st.integers(1, 4050))
    guest = draw(st.booleans())
    may_have_portal = guest and vlan == portal_vlan and security not in _ENTERPRISE
    return SsidIntent(
        key=key,
        name=draw(ssid_names),
        security=security,
        passphrase=draw(passphrases),
        radius=draw(radius_servers),
        bands=bands,
        vlan=vlan,
        hidden=draw(st.booleans()),
        isolate=draw(st.booleans()),
        download_mbps=draw(_rates),
        upload_mbps=draw(_rates),
        guest=guest,
        captive=may_have_portal and draw(st.booleans()),
        enabled=draw(st.booleans()),
    )


@st.composite
def wishes(draw: st.DrawFn) -> NetworkIntent:
    """A network the forms accept."""
    portal_vlan = draw(st.none() | st.integers(1, 4050))
    found = [draw(ssids(str(key), portal_vlan)) for key in range(draw(st.integers(0, 8)))]
    by_name = {ssid.name: ssid for ssid in found}
    return NetworkIntent(
        name=draw(ssid_names),
        country=draw(st.sampled_from(sorted(codes()))),
        timezone=draw(st.sampled_from(sorted(zones()))),
        ssids=tuple(by_name.values()),
    )


_wild_radius = st.builds(
    Radius, st.text(max_size=300), st.text(max_size=200), st.integers(), st.none() | st.integers()
)
_wild_ssids = st.builds(
    SsidIntent,
    key=st.sampled_from("1234"),
    name=st.text(st.characters(codec=None), max_size=40),
    security=st.sampled_from(list(Security)),
    passphrase=st.text(max_size=70),
    radius=st.none() | _wild_radius,
    bands=st.lists(st.sampled_from([*BANDS, "60G", ""]), max_size=4).map(tuple),
    vlan=st.none() | st.integers(-1, 5000),
    download_mbps=st.none() | st.integers(),
    upload_mbps=st.none() | st.integers(),
    guest=st.booleans(),
    captive=st.booleans(),
    enabled=st.booleans(),
)
wild_wishes = st.builds(
    NetworkIntent,
    name=st.text(max_size=120),
    country=st.text(max_size=3) | st.sampled_from(["DE", "US"]),
    timezone=st.text(max_size=30) | st.sampled_from(["UTC", "../etc/passwd", "Europe", "Factory"]),
    window_start=st.text(max_size=6) | st.just("03:00"),
    window_end=st.text(max_size=6) | st.just("05:00"),
    ssids=st.lists(_wild_ssids, max_size=4).map(tuple),
)
"""Anything the types allow, most of it wrong."""

units = st.builds(Unit, serial=st.from_regex("[0-9a-f]{12}", fullmatch=True), name=st.text(max_size=80))

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_htmodes = st.lists(
    st.sampled_from(["HT20", "HT40", "VHT80", "HE20", "HE80", "HE80+80", "EHT80", "EHT320", "?"])
)
_phys = st.fixed_dictionaries(
    {},
    optional={
        "band": st.lists(st.sampled_from(["2G", "5G", "6G", "5G-lower", "60G"])) | st.just("2G") | _json,
        "htmode": _htmodes | _json,
        "dfs_channels": st.just([52, 56]) | _json,
    },
)
_network = st.dictionaries(st.sampled_from(["wan", "lan", "wwan", "*\n"]), st.lists(st.just("eth0")) | _json)
_locks = st.fixed_dictionaries(
    {}, optional={"country": st.just(["US"]) | _json, "dfs": st.booleans() | _json}
)
capabilities = _json | st.fixed_dictionaries(
    {},
    optional={
        "wifi": st.dictionaries(st.text(max_size=5), _phys | _json, max_size=4) | _json,
        "network": _network | _json,
        "compress_cmd": st.booleans() | _json,
        "restrictions": _locks | _json,
        "developer": st.booleans() | _json,
    },
)
hardware = st.sampled_from([DUAL_BAND, TRI_BAND, Hardware(frozenset())]) | capabilities.map(hardware_of)
