"""The text behind a QR code that joins a phone to an SSID.

The form is that of the Wi-Fi Alliance's WPA3 specification, section 7, which is the older
one of the ZXing project; cameras of Android and iOS read it.
"""

import re

from devices.rendering.intent import SsidIntent

_SPECIAL = re.compile(r'([\\;,:"])')


def join_code(ssid: SsidIntent) -> str | None:
    """``WIFI:T:WPA;S:name;P:passphrase;;``, or None for enterprise SSIDs, which no such code can join.

    Holds the passphrase: show it only to those who may see it.
    """
    if ssid.security.needs_radius:
        return None
    parts = ["T:WPA" if ssid.security.needs_passphrase else "T:nopass", f"S:{escape(ssid.name)}"]
    if ssid.security.needs_passphrase:
        parts.append(f"P:{escape(ssid.passphrase)}")
    if ssid.hidden:
        parts.append("H:true")
    return f"WIFI:{';'.join(parts)};;"


def escape(text: str) -> str:
    r"""``text`` with a backslash before each of \ ; , : and the double quotation mark."""
    return _SPECIAL.sub(r"\\\1", text)
