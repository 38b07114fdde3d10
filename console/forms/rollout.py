"""A firmware rollout as it is asked for: which image, for whom, when, in which waves, how careful."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from console.forms.rendering import Checkboxes, Radios
from console.listing import as_serial
from devices.models import AccessPoint, FirmwareImage, Network, Tag
from devices.rollouts.decide import Budget
from devices.rollouts.waves import Share
from devices.upgrading.terms import MOST_AT_ONCE, MOST_ATTEMPTS, Scope, Terms

CUSTOM_WAVES = 4
MOST_SOAK = 7 * 24 * 60  # minutes
# Later than this it is a slip of the pen; a little in the past it was reviewed for a while.
FURTHEST = timedelta(days=366)
PATIENCE = timedelta(minutes=30)
_SHARE = re.compile(r"(\d{1,7})\s*(%?)", re.ASCII)


class Pace(models.TextChoices):
    CAREFUL = "careful", _("Careful: one access point first, then 5 %, 25 %, all; 30 minutes after each")
    FAST = "fast", _("Fast: 10 % first, then all; 30 minutes between")
    AT_ONCE = "at-once", _("All at once")
    CUSTOM = "custom", _("My own waves")


SHARES: dict[str, tuple[Share, ...]] = {
    Pace.CAREFUL: (Share(1, "count"), Share(5), Share(25)),
    Pace.FAST: (Share(10),),
    Pace.AT_ONCE: (),
}
SOAK = 30


class ScopeKind(models.TextChoices):
    ORGANISATION = "organisation", _("All access points of the organisation")
    NETWORKS = "networks", _("Some networks")
    TAG = "tag", _("Those with a tag")
    ACCESS_POINT = "access_point", _("A single access point")


class BudgetUnit(models.TextChoices):
    PERCENT = "percent", _("percent of those in the waves begun")
    COUNT = "count", _("access points")


class _ImageChoice(forms.ModelChoiceField):
    def label_from_instance(self, image: FirmwareImage) -> str:
        hardware = ", ".join(image.compatibles[:4]) + (" …" if len(image.compatibles) > 4 else "")
        return f"{image} · {image.get_channel_display()} · {hardware}"


class ShareField(forms.Field):
    """``10`` access points or ``5 %``, counted from the rollout's beginning."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=False, widget=forms.TextInput(attrs={"maxlength": 20}), **more)

    def to_python(self, value: Any) -> Share | None:
        text = str(value or "").strip()
        if not text:
            return None
        found = _SHARE.fullmatch(text)
        if not found or not int(found[1]) or (found[2] and int(found[1]) > 100):
            raise forms.ValidationError(gettext("Write a number of access points, or percent: 10 or 5 %."))
        return Share(int(found[1]), "percent" if found[2] else "count")


def _soak_field(**more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Minutes to watch after it"), min_value=0, max_value=MOST_SOAK, required=False, **more
    )


class RolloutForm(forms.Form):
    """Bound to an organisation's rows by its caller; ``terms`` is what it asks for."""

    required_sometimes = ("tag", "access_point", "starts")
    css = {
        "scope": "lines",
        "pace": "lines",
        "networks": "of-networks lines scrolls",
        "tag": "of-tag",
        "access_point": "of-access-point",
        "budget": "short",
        "attempts": "short",
        "answer_minutes": "short",
        "at_once": "short",
    }

    image = _ImageChoice(
        label=_("Firmware"), queryset=FirmwareImage.objects.none(), empty_label=_("Choose an image")
    )
    scope = forms.ChoiceField(
        label=_("For"),
        choices=ScopeKind.choices,
        widget=Radios(),
        initial=ScopeKind.ORGANISATION,
    )
    networks = forms.ModelMultipleChoiceField(
        label=_("Networks"), queryset=Network.objects.none(), required=False, widget=Checkboxes
    )
    tag = forms.ModelChoiceField(
        label=_("Tag"), queryset=Tag.objects.none(), required=False, empty_label=_("Choose a tag")
    )
    access_point = forms.CharField(
        label=_("Access point"),
        required=False,
        max_length=60,
        help_text=_("Its serial or MAC in any notation, or its name"),
    )
    starts = forms.DateTimeField(
        label=_("Begins"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: now. Either way every network waits for its own maintenance window."),
    )
    zone = forms.ChoiceField(label=_("On the clock of"))
    pace = forms.ChoiceField(label=_("In waves"), choices=Pace.choices, widget=Radios(), initial=Pace.CAREFUL)
    soak_last = _soak_field(initial=SOAK)
    budget = forms.IntegerField(label=_("Halt at failures of"), min_value=1, max_value=10**6, initial=5)
    budget_unit = forms.ChoiceField(
        label=_("Counted in"), choices=BudgetUnit.choices, initial=BudgetUnit.PERCENT
    )
    attempts = forms.IntegerField(
        label=_("Attempts per access point"), min_value=1, max_value=MOST_ATTEMPTS, initial=2
    )
    answer_minutes = forms.IntegerField(
        label=_("Minutes until it must be back"), min_value=5, max_value=24 * 60, initial=30
    )
    at_once = forms.IntegerField(label=_("Most at a time"), min_value=1, max_value=MOST_AT_ONCE, initial=200)
    downgrades = forms.BooleanField(
        label=_("Also where something newer runs, or what cannot be compared"), required=False
    )

    def __init__(
        self,
        *args: Any,
        images: QuerySet[FirmwareImage],
        networks: QuerySet[Network],
        tags: QuerySet[Tag],
        access_points: QuerySet[AccessPoint],
        now: datetime,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._access_points, self._now = access_points, now
        self.fields["image"].queryset = images  # type: ignore[attr-defined]
        self.fields["networks"].queryset = networks  # type: ignore[attr-defined]
        self.fields["tag"].queryset = tags  # type: ignore[attr-defined]
        zones = _zones(networks)
        self.fields["zone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]
        self.fields["zone"].initial = zones[0]
        for number in range(1, CUSTOM_WAVES + 1):
            self.fields[f"share_{number}"] = ShareField(
                label=gettext("Wave %(number)d goes up to") % {"number": number}
            )
            self.fields[f"soak_{number}"] = _soak_field(initial=SOAK)

    @property
    def custom(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Share and soak of each wave of one's own."""
        return [(self[f"share_{n}"], self[f"soak_{n}"]) for n in range(1, CUSTOM_WAVES + 1)]

    def clean(self) -> dict[str, Any]:
        filled: dict[str, Any] = super().clean() or {}
        self._clean_scope(filled)
        self._clean_start(filled)
        if filled.get("pace") == Pace.CUSTOM:
            self._clean_waves(filled)
        if filled.get("budget_unit") == BudgetUnit.PERCENT and (filled.get("budget") or 0) > 100:
            self.add_error("budget", _("At most 100 percent can fail."))
        return filled

    def terms(self) -> Terms:
        """Of a valid form."""
        filled = self.cleaned_data
        shares, soak = self._waves()
        return Terms(
            image=filled["image"],
            scope=self._scope(),
            starts_at=filled["starts_at"],
            shares=shares,
            soak_minutes=soak,
            budget=Budget(filled["budget"], filled["budget_unit"]),
            attempts=filled["attempts"],
            answer_minutes=filled["answer_minutes"],
            at_once=filled["at_once"],
            downgrades=filled["downgrades"],
        )

    def _scope(self) -> Scope:
        filled = self.cleaned_data
        kind = filled["scope"]
        return Scope(
            kind=kind,
            networks=tuple(filled["networks"]) if kind == ScopeKind.NETWORKS else (),
            tag=filled["tag"] if kind == ScopeKind.TAG else None,
            access_point=filled["found"] if kind == ScopeKind.ACCESS_POINT else None,
        )

    def _waves(self) -> tuple[tuple[Share, ...], tuple[int, ...]]:
        filled = self.cleaned_data
        if filled["pace"] != Pace.CUSTOM:
            return SHARES[filled["pace"]], (SOAK,)
        used = [n for n in range(1, CUSTOM_WAVES + 1) if filled[f"share_{n}"]]
        soaks = [*(filled[f"soak_{n}"] for n in used), filled["soak_last"]]
        return tuple(filled[f"share_{n}"] for n in used), tuple(SOAK if one is None else one for one in soaks)

    def _clean_scope(self, filled: dict[str, Any]) -> None:
        kind = filled.get("scope")
        if kind == ScopeKind.NETWORKS and not filled.get("networks") and "networks" not in self.errors:
            self.add_error("networks", _("Tick at least one network."))
        if kind == ScopeKind.TAG and not filled.get("tag") and "tag" not in self.errors:
            self.add_error("tag", _("Choose a tag."))
        if kind == ScopeKind.ACCESS_POINT and "access_point" not in self.errors:
            filled["found"] = self._find(filled.get("access_point", ""))

    def _find(self, text: str) -> AccessPoint | None:
        named = self._access_points.filter(serial=as_serial(text)) or self._access_points.filter(name=text)
        found = list(named[:2]) if text else []
        if len(found) == 1:
            return found[0]
        several = _("Several access points have this name; write the serial of one.")
        self.add_error("access_point", several if found else _("No access point has this serial or name."))
        return None

    def _clean_start(self, filled: dict[str, Any]) -> None:
        filled["starts_at"] = self._now
        if not filled.get("starts") or "zone" not in filled:
            return
        wall, zone = filled["starts"].replace(tzinfo=None), ZoneInfo(filled["zone"])
        if not -PATIENCE <= wall - self._now.astimezone(zone).replace(tzinfo=None) <= FURTHEST:
            self.add_error("starts", _("Choose a moment from now to a year ahead, or leave it empty."))
            return
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) != wall:
            self.add_error(
                "starts", _("The clocks are put forward that night: this time does not exist there.")
            )
            return
        filled["starts_at"] = max(moment, self._now)

    def _clean_waves(self, filled: dict[str, Any]) -> None:
        used = [n for n in range(1, CUSTOM_WAVES + 1) if filled.get(f"share_{n}")]
        if not used and not any(f"share_{n}" in self.errors for n in range(1, CUSTOM_WAVES + 1)):
            self.add_error("share_1", _("Say how far the first wave goes, or choose All at once."))
        if used != list(range(1, len(used) + 1)):
            self.add_error(f"share_{used[-1]}", _("A wave before this one is empty."))


def _zones(networks: QuerySet[Network]) -> list[str]:
    """Of the organisation's places, the commonest first, then UTC."""
    counted = networks.order_by().values_list("timezone").annotate(count=models.Count("pk"))
    places = [zone for zone, _count in sorted(counted, key=lambda row: (-row[1], row[0]))]
    return places if "UTC" in places else [*places, "UTC"]
