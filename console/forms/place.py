"""A place: name, country, time zone, maintenance window."""

from datetime import time
from typing import Any

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.models.organisation import MAX_NAME
from accounts.naming import BadName, plain_name
from devices.rendering.countries import codes
from devices.rendering.intent import NetworkIntent
from devices.rendering.timezones import zones

_CONTINENTS = (
    "Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


def _country_choices() -> list[tuple[str, Any]]:
    known = codes()
    return [("", _("Choose a country")), *((c.code, c.name) for c in countries if c.code in known)]


def _zone_choices() -> list[tuple[str, Any]]:
    """Zones named for a city, by continent, then UTC; the many old aliases are left out."""
    groups: dict[str, list[tuple[str, str]]] = {name: [] for name in _CONTINENTS}
    for zone in sorted(zones()):
        continent, _slash, city = zone.partition("/")
        if city and continent in groups:
            groups[continent].append((zone, city.replace("_", " ")))
    return [("", _("Choose a time zone")), *groups.items(), ("UTC", "UTC")]


class _Clock(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class PlaceForm(forms.Form):
    """The part of a ``NetworkIntent`` that is about the place."""

    css = {"window_start": "short", "window_end": "short"}

    name = forms.CharField(
        label=_("Network name"), max_length=100, help_text=_("Usually the place: Harbour Café")
    )
    country = forms.ChoiceField(
        label=_("Country"),
        choices=_country_choices,
        help_text=_("Sets which channels and how much power are legal."),
    )
    timezone = forms.ChoiceField(
        label=_("Time zone"), choices=_zone_choices, widget=forms.Select(attrs={"data-browser-zone": True})
    )
    window_start = forms.TimeField(label=_("From"), initial=time(3), widget=_Clock())
    window_end = forms.TimeField(label=_("Until"), initial=time(5), widget=_Clock())
    base = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def wanted(self, now: NetworkIntent) -> NetworkIntent:
        """What the network would want with what was filled in; its SSIDs stay."""
        return msgspec.structs.replace(now, **self._place())

    def new(self) -> NetworkIntent:
        return NetworkIntent(**self._place())

    def _place(self) -> dict[str, str]:
        filled = self.cleaned_data
        return {
            "name": filled["name"].strip(),
            "country": filled["country"],
            "timezone": filled["timezone"],
            "window_start": f"{filled['window_start']:%H:%M}",
            "window_end": f"{filled['window_end']:%H:%M}",
        }


def place_initial(intent: NetworkIntent) -> dict[str, Any]:
    return {
        "name": intent.name,
        "country": intent.country,
        "timezone": intent.timezone,
        "window_start": time.fromisoformat(intent.window_start),
        "window_end": time.fromisoformat(intent.window_end),
    }


class StartForm(PlaceForm):
    """The first form a customer fills in: who they are, and their first place."""

    organisation = forms.CharField(
        label=_("Organisation"), max_length=MAX_NAME, help_text=_("The business all your places belong to")
    )
    field_order = ["organisation", "name", "country", "timezone", "window_start", "window_end"]

    def clean_organisation(self) -> str:
        try:
            return plain_name(self.cleaned_data["organisation"], MAX_NAME)
        except BadName as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class TypedConfirmation(forms.Form):
    """What cannot be undone is confirmed by typing its name, letter for letter but for its case."""

    typed = forms.CharField(label=_("Type the name to confirm"), max_length=200, required=False)

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected
        self.fields["typed"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none"}

    def clean_typed(self) -> str:
        typed = self.cleaned_data["typed"].strip()
        if typed.casefold() != self.expected.strip().casefold():
            raise forms.ValidationError(_("This is not the name: type %(name)s.") % {"name": self.expected})
        return typed
