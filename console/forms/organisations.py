"""An organisation's own settings."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models.organisation import MAX_NAME


class OrganisationForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME,
        help_text=_("Shown to everybody you invite. The address of its pages stays as it is."),
    )
