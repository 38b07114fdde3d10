"""When somebody is told that access points of a network are offline, and who."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.models.alert import MAX_ADDRESSES, AlertAfter


class AlertForm(forms.Form):
    minutes = forms.TypedChoiceField(
        label=_("Tell of an access point that is offline"), choices=AlertAfter.choices, coerce=int
    )
    addresses = forms.CharField(
        label=_("E-mail addresses"),
        required=False,
        max_length=4000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "One a line, %(most)d at most. Left empty, all owners and administrators are told. With "
            "addresses here, these are told instead of them: add your own if you want the mails too."
        )
        % {"most": MAX_ADDRESSES},
    )

    def clean_addresses(self) -> list[str]:
        """As they were typed; ``AlertRule.change`` says what is wrong with them."""
        return [one for one in re.split(r"[\s,;]+", self.cleaned_data["addresses"]) if one]
