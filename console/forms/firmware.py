"""Firmware images: what the uploader says of them."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.refusal import Refusal
from devices.firmware import hardware
from devices.firmware.minisign import MAX_TEXT
from devices.firmware.uploading import Details, checksum
from devices.models.firmware import Channel

MAX_NOTES = 20_000


def _channel() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Channel"),
        choices=Channel.choices,
        help_text=_("Only stable images are suggested as updates."),
    )


def _minimum() -> forms.CharField:
    return forms.CharField(
        label=_("Needs at least"),
        required=False,
        max_length=200,
        help_text=_("The version that must run before this one can be installed"),
    )


def _notes() -> forms.CharField:
    return forms.CharField(
        label=_("Release notes"),
        required=False,
        max_length=MAX_NOTES,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class UploadForm(forms.Form):
    """The file itself comes in parts; with a plain form, which cannot do that, as ``file``."""

    required_sometimes = ("file",)

    file = forms.FileField(label=_("Image file"), required=False, allow_empty_file=True)
    version = forms.CharField(
        label=_("Version"),
        required=False,
        max_length=200,
        help_text=_("As access points report it, or a word of it. Empty: what the image says"),
    )
    hardware = forms.CharField(
        label=_("Hardware"),
        required=False,
        max_length=2000,
        help_text=_("Such as edgecore_eap101; several with spaces between. Empty: what the image says"),
    )
    channel = _channel()
    minimum_version = _minimum()
    notes = _notes()
    sha256 = forms.CharField(
        label=_("SHA-256"),
        required=False,
        max_length=300,
        help_text=_("The checksum your vendor published. The file is refused if it has another"),
    )
    signature = forms.FileField(
        label=_("Signature"),
        required=False,
        help_text=_("The .minisig file, made with a key that is trusted here"),
    )

    def clean_hardware(self) -> list[str]:
        # Between names stands a space or a line's end; a bare comma may be OpenWrt's, as in vendor,model.
        told = [one.strip(",;") for one in self.cleaned_data["hardware"].split()]
        wrong = [one for one in told if one and not hardware.is_name(one)]
        if wrong:
            raise forms.ValidationError(_("%(name)s is not the name of hardware.") % {"name": wrong[0][:100]})
        return [one for one in told if one]

    def clean_sha256(self) -> str:
        try:
            return checksum(self.cleaned_data["sha256"])
        except Refusal as refusal:
            raise forms.ValidationError(refusal.words) from None

    def clean_signature(self) -> str:
        uploaded: UploadedFile | None = self.cleaned_data["signature"]
        if uploaded is None:
            return ""
        raw = uploaded.read(MAX_TEXT + 1)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise forms.ValidationError(_("This is not a signature that minisign makes.")) from None

    def details(self) -> Details:
        filled: dict[str, Any] = self.cleaned_data
        return Details(
            version=filled["version"],
            compatibles=tuple(filled["hardware"]),
            channel=Channel(filled["channel"]),
            minimum_version=filled["minimum_version"],
            notes=filled["notes"],
            signature=filled["signature"],
            sha256=filled["sha256"],
        )


class AnnouncedForm(forms.Form):
    """What a script says of the file before it sends the parts."""

    file_name = forms.CharField(max_length=1000)
    size = forms.IntegerField(min_value=0)


class EditForm(forms.Form):
    channel = _channel()
    minimum_version = _minimum()
    notes = _notes()
