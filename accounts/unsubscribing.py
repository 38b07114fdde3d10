"""The link that ends the mail of every week: good for one person and one organisation, without signing in.

It never expires: who digs out last year's mail to be rid of them is in the right. Who holds it can do
nothing else with it, and learns the organisation's name, which the mail said anyway.
"""

from django.core import signing

from accounts.models import Membership, Organisation

_SALT = "weekly-report"
_SEPARATOR = "."  # which a mail program leaves in an address, and no signature contains


def token_for(membership: Membership) -> str:
    """Letters, digits, ``-``, ``_`` and ``.`` alone; the same for the same member always."""
    return _signer().sign(f"{membership.organisation_id}-{membership.user_id}")


def organisation_of(token: str) -> Organisation:
    """Raises ``signing.BadSignature`` when nobody was given this token, or the organisation is gone."""
    organisation, _user = _read(token)
    found = Organisation.objects.filter(pk=organisation).first()
    if found is None:
        raise signing.BadSignature("The organisation is gone")
    return found


def unsubscribe(token: str) -> None:
    """Nothing when they are no longer a member, or had unsubscribed. Raises ``signing.BadSignature``."""
    organisation, user = _read(token)
    for membership in Membership.objects.filter(organisation=organisation, user=user):
        membership.want_weekly_report(False)


def _read(token: str) -> tuple[int, int]:
    """The keys of the organisation and of the user."""
    organisation, user = _signer().unsign(token).split("-")
    return int(organisation), int(user)


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SALT, sep=_SEPARATOR)
