"""Inviting people and giving them roles."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Role

ROLE_HELP = _(
    "Viewers look. Administrators also change networks, access points and people. "
    "Owners also make and remove owners."
)


class RoleForm(forms.Form):
    """Offers the roles that ``by`` may give."""

    role = forms.TypedChoiceField(label=_("Role"), coerce=Role, help_text=ROLE_HELP)

    def __init__(self, by: Membership, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grantable = Role(by.role).grantable()
        self.fields["role"].choices = [(role.value, role.label) for role in grantable]


class InviteForm(RoleForm):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("The invitation works for this address alone, once, for seven days."),
    )
    field_order = ["email", "role"]

    def __init__(self, by: Membership, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"role": Role.VIEWER})
        super().__init__(by, *args, **kwargs)
