"""What a person says about themselves."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from console.forms.rendering import Checkboxes


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("Colleagues see it beside what you change. Without it they see your e-mail address."),
    )


class WeeklyMailsForm(forms.Form):
    """The organisations of which somebody wants to read every week."""

    wanted = forms.TypedMultipleChoiceField(
        label=_("Weekly mail"),
        coerce=int,
        required=False,
        widget=Checkboxes,
        help_text=_("Every Monday, to your e-mail address once it is confirmed: how the Wi-Fi did."),
    )

    def __init__(self, memberships: Sequence[Membership], *args: Any, **kwargs: Any) -> None:
        chosen = [one.organisation_id for one in memberships if one.weekly_report]
        super().__init__(*args, initial={"wanted": chosen}, **kwargs)
        self._memberships = memberships
        self.fields["wanted"].choices = [(one.organisation_id, one.organisation.name) for one in memberships]

    def save(self) -> None:
        """Each of the memberships as it was ticked."""
        for one in self._memberships:
            wanted = one.organisation_id in self.cleaned_data["wanted"]
            if one.weekly_report != wanted:
                one.want_weekly_report(wanted)
