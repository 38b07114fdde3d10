"""One SSID as uCentral writes it."""

from typing import Any

from devices.rendering.intent import BANDS, Band, Radius, Security, SsidIntent

# Stands for the access point's host name until the document is cut to one access point.
# No accepted wish holds a NUL, so nothing a customer types can be taken for it.
HOSTNAME = "\0hostname\0"

# uCentral's names: (proto, management frame protection).
_ENCRYPTION = {
    Security.OPEN: ("none", "disabled"),
    Security.OWE: ("owe", "required"),
    Security.WPA2: ("psk2", "optional"),
    Security.WPA2_WPA3: ("sae-mixed", "optional"),
    Security.WPA3: ("sae", "required"),
    Security.WPA2_ENTERPRISE: ("wpa2", "optional"),
    Security.WPA2_WPA3_ENTERPRISE: ("wpa3-mixed", "optional"),
    Security.WPA3_ENTERPRISE: ("wpa3", "required"),
}
# 6 GHz knows no WPA2 (Wi-Fi Alliance, WPA3 specification): there a mixed SSID is its WPA3 half.
_ON_6G = {
    Security.WPA2_WPA3: Security.WPA3,
    Security.WPA2_WPA3_ENTERPRISE: Security.WPA3_ENTERPRISE,
}
_IDLE_SECONDS = 600
_SESSION_SECONDS = 8 * 3600
_ACCOUNTING_SECONDS = 300
CLICK_THROUGH: dict[str, Any] = {
    "auth-mode": "click-to-continue",
    "idle-timeout": _IDLE_SECONDS,
    "session-timeout": _SESSION_SECONDS,
}


def entries(ssid: SsidIntent, bands: frozenset[Band]) -> list[dict[str, Any]]:
    """The ``ssids`` entries of ``ssid`` on those of its bands that are among ``bands``.

    One, or none, or two where 6 GHz needs another encryption than the rest.
    """
    on = [band for band in BANDS if band in bands and band in ssid.bands]
    if ssid.security not in _ON_6G:
        return [_entry(ssid, on, ssid.security)] if on else []
    groups: tuple[tuple[list[Band], Security], ...] = (
        ([band for band in on if band != "6G"], ssid.security),
        ([band for band in on if band == "6G"], _ON_6G[ssid.security]),
    )
    return [_entry(ssid, group, security) for group, security in groups if group]


def _entry(ssid: SsidIntent, bands: list[Band], security: Security) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": ssid.name,
        "wifi-bands": bands,
        "bss-mode": "ap",
        "hidden-ssid": ssid.hidden,
        "isolate-clients": ssid.isolate or ssid.guest,
        "encryption": _encryption(ssid, security),
    }
    if ssid.security.needs_radius and ssid.radius:
        entry["radius"] = _radius(ssid.radius)
    if ssid.download_mbps or ssid.upload_mbps:
        entry["rate-limit"] = _rate_limit(ssid)
    if ssid.captive:
        entry["services"] = ["captive"]
        entry["captive"] = CLICK_THROUGH
    return entry


def _encryption(ssid: SsidIntent, security: Security) -> dict[str, str]:
    proto, protection = _ENCRYPTION[security]
    section = {"proto": proto, "ieee80211w": protection}
    if security.needs_passphrase:
        section["key"] = ssid.passphrase
    return section


def _radius(radius: Radius) -> dict[str, Any]:
    server = {"host": radius.host, "secret": radius.secret}
    section: dict[str, Any] = {"nas-identifier": HOSTNAME, "authentication": {**server, "port": radius.port}}
    if radius.accounting_port is not None:
        section["accounting"] = {**server, "port": radius.accounting_port, "interval": _ACCOUNTING_SECONDS}
    return section


def _rate_limit(ssid: SsidIntent) -> dict[str, int]:
    """Mbit/s per client as the access point sees it: what leaves it is a download; 0 is no limit."""
    return {"ingress-rate": ssid.upload_mbps or 0, "egress-rate": ssid.download_mbps or 0}
