"""An SSID: its name, how clients join it, where its traffic goes."""

from typing import Any

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _

from console.forms.rendering import Checkboxes, SecretInput
from console.passphrases import passphrase
from devices.models.fields import time_ordered_id
from devices.models.ssid import SECURITY_CHOICES
from devices.rendering.intent import BAND_NAMES, NetworkIntent, Radius, Security, SsidIntent

# What a guest gets when nobody says otherwise: enough for a film, not enough to starve the till.
GUEST_DOWNLOAD, GUEST_UPLOAD = 20, 10
_PLAIN = ("name", "vlan", "hidden", "isolate", "download_mbps", "upload_mbps", "guest", "captive", "enabled")
_MORE = ("bands", "vlan", "download_mbps", "upload_mbps", "isolate", "hidden", "enabled")


def _rate(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, help_text=_("Mbit/s for each client"))


class SsidForm(forms.Form):
    """Maps to one ``SsidIntent``. Secrets left empty stay as they are.

    What is wrong with a wish is said by ``devices.rendering.validation``, the one
    place that knows; this form only reads what was typed.
    """

    required_sometimes = ("passphrase", "radius_host", "radius_secret", "radius_port")
    css = {
        "passphrase": "of-passphrase",
        "vlan": "short", "download_mbps": "short", "upload_mbps": "short",
        "captive": "of-guest",
    }  # fmt: skip

    name = forms.CharField(
        label=_("Name (SSID)"),
        strip=False,
        max_length=100,
        help_text=_("What phones show in their list of networks"),
    )
    guest = forms.BooleanField(
        label=_("Guest network"),
        required=False,
        help_text=_(
            "Guests reach the internet only: not your own devices, not each other. Their speed is limited."
        ),
    )
    security = forms.ChoiceField(
        label=_("Security"), choices=SECURITY_CHOICES, initial=Security.WPA2_WPA3.value
    )
    passphrase = forms.CharField(
        label=_("Passphrase"),
        required=False,
        strip=False,
        max_length=200,
        widget=SecretInput(can_generate=True),
        help_text=_("8 to 63 letters, digits, signs and spaces"),
    )
    radius_host = forms.CharField(label=_("RADIUS server"), required=False, max_length=300)
    radius_port = forms.IntegerField(label=_("RADIUS port"), required=False, initial=1812)
    radius_secret = forms.CharField(
        label=_("RADIUS secret"), required=False, strip=False, max_length=300, widget=SecretInput()
    )
    radius_accounting_port = forms.IntegerField(
        label=_("Accounting port"), required=False, help_text=_("Empty: no accounting. 1813 is usual")
    )
    bands = forms.MultipleChoiceField(
        label=_("Bands"),
        choices=list(BAND_NAMES.items()),
        initial=["2G", "5G"],
        required=False,
        widget=Checkboxes,
    )
    vlan = forms.IntegerField(
        label=_("VLAN"), required=False, help_text=_("Empty: the untagged network the access point hangs on")
    )
    download_mbps = _rate(_("Download limit"))
    upload_mbps = _rate(_("Upload limit"))
    captive = forms.BooleanField(label=_("Show guests a click-through page first"), required=False)
    isolate = forms.BooleanField(label=_("Keep clients apart from each other"), required=False)
    hidden = forms.BooleanField(
        label=_("Hide the name"),
        required=False,
        help_text=_("Clients must type it; this is not a protection."),
    )
    enabled = forms.BooleanField(label=_("On air"), required=False, initial=True)
    base = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, old: SsidIntent | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.old = old
        if old is not None:
            for name in ("passphrase", "radius_secret"):
                self.fields[name].widget.attrs["placeholder"] = _("Unchanged")

    @property
    def more_is_open(self) -> bool:
        """The quiet half of the form opens by itself where something in it is wrong."""
        return any(name in self.errors for name in _MORE)

    def intent(self) -> SsidIntent:
        filled = self.cleaned_data
        security = Security(filled["security"])
        wanted = SsidIntent(
            key=self.old.key if self.old else str(time_ordered_id()),
            security=security,
            bands=tuple(filled["bands"]),
            passphrase=self._secret(
                "passphrase", self.old.passphrase if self.old else "", security.needs_passphrase
            ),
            radius=self._radius() if security.needs_radius else None,
            **{name: filled[name] for name in _PLAIN},
        )
        return _for_guests(wanted, new=self.old is None) if wanted.guest else _without_portal(wanted)

    def wanted(self, now: NetworkIntent) -> NetworkIntent:
        """What the network would want with this SSID in its place, or after the others."""
        return with_ssid(now, self.intent())

    def _secret(self, name: str, stored: str, used: bool) -> str:
        return (self.cleaned_data[name] or stored) if used else ""

    def _radius(self) -> Radius | None:
        filled = self.cleaned_data
        if not filled["radius_host"]:
            return None
        stored = self.old.radius.secret if self.old and self.old.radius else ""
        return Radius(
            host=filled["radius_host"].strip(),
            secret=self._secret("radius_secret", stored, used=True),
            port=filled["radius_port"] or 1812,
            accounting_port=filled["radius_accounting_port"],
        )


def with_ssid(network: NetworkIntent, ssid: SsidIntent) -> NetworkIntent:
    """The network with ``ssid`` in place of the one of its key, or as its last."""
    if any(one.key == ssid.key for one in network.ssids):
        ssids = tuple(ssid if one.key == ssid.key else one for one in network.ssids)
    else:
        ssids = (*network.ssids, ssid)
    return msgspec.structs.replace(network, ssids=ssids)


def without_ssid(network: NetworkIntent, key: str) -> NetworkIntent:
    return msgspec.structs.replace(network, ssids=tuple(one for one in network.ssids if one.key != key))


def _for_guests(wanted: SsidIntent, *, new: bool) -> SsidIntent:
    """Guests are always kept apart; a new guest network is limited unless a limit was named."""
    wanted = msgspec.structs.replace(wanted, isolate=True)
    if new and wanted.download_mbps is None and wanted.upload_mbps is None:
        return msgspec.structs.replace(wanted, download_mbps=GUEST_DOWNLOAD, upload_mbps=GUEST_UPLOAD)
    return wanted


def _without_portal(wanted: SsidIntent) -> SsidIntent:
    """The click-through page is a guest network's; a tick left from before means nothing any more."""
    return msgspec.structs.replace(wanted, captive=False)


def new_initial() -> dict[str, Any]:
    return {"passphrase": passphrase()}


def ssid_initial(ssid: SsidIntent, *, secrets: bool = False) -> dict[str, Any]:
    """What the form shows of an SSID. ``secrets``: those that were just typed, to be typed on."""
    initial: dict[str, Any] = {name: getattr(ssid, name) for name in _PLAIN}
    initial |= {"security": ssid.security.value, "bands": list(ssid.bands)}
    if ssid.radius:
        initial |= {
            "radius_host": ssid.radius.host,
            "radius_port": ssid.radius.port,
            "radius_accounting_port": ssid.radius.accounting_port,
        }
    if secrets:
        initial |= {"passphrase": ssid.passphrase, "radius_secret": ssid.radius.secret if ssid.radius else ""}
    return initial
