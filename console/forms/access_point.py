"""Claiming access points, naming and moving them."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.naming import BadName, plain_name
from accounts.refusal import Refusal
from devices.claiming import MAX_LINES, MAX_NAME
from devices.models import AccessPoint, Network
from devices.models.tag import MAX_TAG
from devices.tagging import MOST_TAGS, read_tags

MAX_FILE = 2 * 1024 * 1024


class ClaimForm(forms.Form):
    """Serials as text, as a file, or as both."""

    required_sometimes = ("lines", "file")

    lines = forms.CharField(
        label=_("Serials or MAC addresses"),
        required=False,
        max_length=MAX_FILE,
        widget=forms.Textarea(
            attrs={"rows": 6, "class": "mono", "spellcheck": "false", "autocapitalize": "none"}
        ),
        help_text=_(
            "One per line, in any notation: 24:f5:a2:00:00:01 or 24f5a2000001. "
            "A name may follow after a comma."
        ),
    )
    file = forms.FileField(
        label=_("Or a CSV file"),
        required=False,
        allow_empty_file=True,
        help_text=_("The serial in the first column, a name in the second"),
    )

    def clean_file(self) -> str:
        """The file's text; UTF-8 with or without mark, or what Excel on Windows writes."""
        uploaded: UploadedFile | None = self.cleaned_data["file"]
        if uploaded is None:
            return ""
        if uploaded.size and uploaded.size > MAX_FILE:
            raise forms.ValidationError(
                _("This file is larger than 2 MB; at most %(most)d lines fit.") % {"most": MAX_LINES}
            )
        raw = uploaded.read()
        if b"\0" in raw:
            raise forms.ValidationError(_("This is not a text file. Save the table as CSV and try again."))
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode("cp1252", errors="replace")

    def clean(self) -> dict[str, Any]:
        filled: dict[str, Any] = super().clean() or {}
        if not self.errors and not self.text().strip():
            raise forms.ValidationError(_("Paste at least one serial or MAC address, or choose a file."))
        return filled

    def text(self) -> str:
        return "\n".join(
            filter(None, [self.cleaned_data.get("lines", ""), self.cleaned_data.get("file", "")])
        )


class LabelForm(forms.Form):
    """What it is called, and the words it is found by."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=200,
        help_text=_("Where it hangs: Bar, Terrace, Room 12. Empty: its serial"),
    )
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=4 * MOST_TAGS * MAX_TAG,
        widget=forms.TextInput(attrs={"autocapitalize": "none"}),
        help_text=_("Words to filter by and to upgrade together, between commas: lobby, roof, phase 2"),
    )

    def clean_name(self) -> str:
        if not self.cleaned_data["name"].strip():
            return ""
        try:
            return plain_name(self.cleaned_data["name"], MAX_NAME)
        except BadName as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean_tags(self) -> list[str]:
        try:
            return read_tags(self.cleaned_data["tags"])
        except Refusal as refusal:
            raise forms.ValidationError(refusal.words) from refusal

    @staticmethod
    def initial_of(access_point: AccessPoint) -> dict[str, str]:
        tags = access_point.tags.values_list("name", flat=True)
        return {"name": access_point.name, "tags": ", ".join(tags)}


class MoveForm(forms.Form):
    network = forms.ModelChoiceField(
        label=_("Move to"), queryset=Network.objects.none(), empty_label=_("Choose a network")
    )

    def __init__(self, *args: Any, networks: QuerySet[Network], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["network"].queryset = networks  # type: ignore[attr-defined]
