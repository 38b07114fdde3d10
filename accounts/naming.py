"""Names that people give: one line, visible, not too long."""

import unicodedata

from django.utils.translation import gettext as _

from accounts.refusal import Refusal


class BadName(Refusal):
    """The name cannot be used."""


def plain_name(text: str, longest: int) -> str:
    """``text`` on one line, composed (NFC) and trimmed. Raises ``BadName``; ``longest`` counts characters."""
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if any(_unprintable(character) for character in name):
        raise BadName(_("The name contains characters that cannot be shown."))
    if not any(unicodedata.category(character)[0] in "LNPS" for character in name):
        raise BadName(_("The name is empty."))
    if len(name) > longest:
        raise BadName(
            _("The name has %(length)d characters; at most %(longest)d fit.") % _lengths(name, longest)
        )
    return name


def _unprintable(character: str) -> bool:
    """Control, surrogate, unassigned; and marks that reverse the reading direction of what follows."""
    reversing = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    return reversing or unicodedata.category(character) in {"Cc", "Cs", "Cn", "Co"}


def _lengths(name: str, longest: int) -> dict[str, int]:
    return {"length": len(name), "longest": longest}
