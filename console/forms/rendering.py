"""How every form of the console looks: label, control, help, error, in that order."""

from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates
from django.forms.widgets import Widget


class Field(forms.BoundField):
    """A field that knows how it is shown. A form's ``css`` names extra classes by field."""

    @property
    def anchor(self) -> str:
        """Where the error summary's link goes: the first control of the field."""
        return f"{self.auto_id}_0" if self.use_fieldset else str(self.id_for_label)

    @property
    def is_checkbox(self) -> bool:
        return isinstance(self.field.widget, forms.CheckboxInput)

    @property
    def is_secret(self) -> bool:
        return isinstance(self.field.widget, SecretInput)

    @property
    def can_generate(self) -> bool:
        return bool(getattr(self.field.widget, "can_generate", False))

    @property
    def required_sometimes(self) -> bool:
        """Not required by itself, but by what else is chosen: then "(optional)" would be a lie."""
        return self.name in getattr(self.form, "required_sometimes", ())

    def css_classes(self, extra_classes: Any = None) -> str:
        extra = getattr(self.form, "css", {}).get(self.name, "")
        return f"{super().css_classes(extra_classes)} {extra}".strip()

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        built = super().build_widget_attrs(attrs, widget)
        built["class"] = f"{widget.attrs.get('class', '')} {_class(widget)}".strip()
        return built


def _class(widget: Widget) -> str:
    if isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple | forms.RadioSelect):
        return "form-check-input"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


class SecretInput(forms.TextInput):
    """A passphrase or secret in the clear while it is typed; a script can hide it and make one up."""

    def __init__(self, attrs: dict[str, Any] | None = None, *, can_generate: bool = False) -> None:
        plain = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(plain | (attrs or {}))
        self.can_generate = can_generate


class Checkboxes(forms.CheckboxSelectMultiple):
    template_name = "forms/checkboxes.html"


class Radios(forms.RadioSelect):
    template_name = "forms/checkboxes.html"


class Renderer(DjangoTemplates):
    field_template_name = "forms/field.html"
    bound_field_class = Field
