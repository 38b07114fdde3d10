"""What a command needs to be told."""

import re
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from devices.recordings import LEAST_SECONDS, MOST_SECONDS

UP, DOWN, INTERFACE = "up", "down", "interface"
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class RecordForm(forms.Form):
    """How long, and where."""

    css = {"duration": "short"}
    required_sometimes = ("interface",)

    duration = forms.IntegerField(
        label=_("Seconds"),
        min_value=LEAST_SECONDS,
        max_value=MOST_SECONDS,
        initial=60,
        help_text=_("From 10 to 300."),
    )
    where = forms.ChoiceField(
        label=_("Where"),
        choices=[
            (UP, _("The uplink: what goes to the internet and comes from it")),
            (DOWN, _("The clients' side, where this access point routes")),
            (INTERFACE, _("One network interface, by name")),
        ],
        initial=UP,
    )
    interface = forms.CharField(
        label=_("Network interface"),
        required=False,
        max_length=15,
        validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]*$", _("This is no interface's name."))],
        help_text=_("As the access point calls it: eth0, wlan1"),
    )

    def clean(self) -> dict[str, Any]:
        filled: dict[str, Any] = super().clean() or {}
        if (
            filled.get("where") == INTERFACE
            and not filled.get("interface")
            and "interface" not in self.errors
        ):
            self.add_error("interface", _("Say which."))
        return filled

    def params(self) -> dict[str, Any]:
        """As uCentral's ``trace`` calls them."""
        filled = self.cleaned_data
        where = filled["where"]
        place = {"interface": filled["interface"]} if where == INTERFACE else {"network": where}
        return {"duration": filled["duration"], **place}


class KickForm(forms.Form):
    """Which client; and whether to go back to the list of the whole network."""

    mac = forms.CharField(max_length=17)
    whole = forms.BooleanField(required=False)

    def clean_mac(self) -> str:
        mac = str(self.cleaned_data["mac"]).lower()
        if not _MAC.fullmatch(mac):
            raise forms.ValidationError(_("This is no client's address."))
        return mac
