"""Whether a person has shown that their e-mail address is theirs. Claiming waits for it; little else does."""

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.utils.translation import gettext_lazy as _

from accounts.refusal import Refusal

if TYPE_CHECKING:
    from accounts.models import User


class Unverified(Refusal):
    """The user must first follow the link in the mail we sent."""


def is_verified(user: "User") -> bool:
    return EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists()


def require_verified(user: "User") -> None:
    """Raises ``Unverified``, with words for the user."""
    if not is_verified(user):
        raise Unverified(_("Confirm your e-mail address first: follow the link in the mail we sent you."))


def mark_verified(user: "User") -> None:
    """The user has followed a link that only their mailbox held."""
    address, _created = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"primary": True}
    )
    address.set_verified()
