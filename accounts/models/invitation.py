"""An offer of membership, sent by e-mail, good once and for a week.

The token exists in the mail alone. It is minted by the job that sends the mail,
right before sending (``Invitation.mint``), and only its SHA-256 is kept: a
leaked table invites nobody, and no queue ever carries a token.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone as clock
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models.audit import AuditEntry
from accounts.models.fields import ExactEmailField
from accounts.models.membership import Membership, Role, require_grant
from accounts.refusal import Refusal
from accounts.verification import mark_verified

if TYPE_CHECKING:
    from accounts.models.organisation import Organisation
    from accounts.models.user import User

GOOD_FOR = timedelta(days=7)
# Mails are for people one knows: an organisation cannot be used to write to thousands.
MAX_PENDING = 50
# Nor can a person, by taking invitations back and sending others, or by founding more organisations.
MAX_A_DAY = 100
RESEND_AFTER = timedelta(minutes=5)
# A mail that was not sent is tried again after this, then after twice as long, up to the longest.
MAIL_RETRY = timedelta(minutes=2)
LONGEST_MAIL_RETRY = timedelta(hours=6)


class InvitationRefused(Refusal):
    """The invitation cannot be made, sent or accepted."""


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def pending(self, now: datetime) -> "InvitationQuerySet":
        """Neither accepted nor expired."""
        return self.filter(accepted_at=None, expires_at__gt=now)

    def mail_due(self, now: datetime) -> "InvitationQuerySet":
        """Whose mail is still to be sent, and not just being sent."""
        return self.pending(now).filter(mailed_at=None, mail_after__lte=now)


class Invitation(models.Model):
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.CASCADE, related_name="invitations"
    )
    email = ExactEmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    token_hash = models.CharField(max_length=64, unique=True, null=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_after = models.DateTimeField(help_text="Not mailed before; a sender at work pushes it ahead")
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["email", "pk"]
        indexes = [models.Index(fields=["mailed_at", "mail_after"], name="invitations_to_mail")]

    def __str__(self) -> str:
        return f"{self.email}: {self.get_role_display()}"

    @property
    def expired(self) -> bool:
        return self.expires_at <= clock.now()

    # --- making it --------------------------------------------------------------------------

    @classmethod
    def offer(cls, organisation: "Organisation", by: "User", email: str, role: Role) -> "Invitation":
        """See ``Organisation.invite``."""
        email = _address(email)
        now = clock.now()
        with transaction.atomic():
            organisation = organisation.lock()
            require_grant(organisation, by, role)
            _require_room(organisation, email, now)
            _require_moderation(by, now)
            # An earlier one that ran out makes way.
            organisation.invitations.filter(email=email, accepted_at=None).delete()
            made = cls.objects.create(
                organisation=organisation,
                email=email,
                role=role,
                invited_by=by,
                expires_at=now + GOOD_FOR,
                mail_after=now,
            )
            AuditEntry.record(organisation, by, "invitation.send", email, role=str(role))
        return made

    def revoke(self, by: "User") -> None:
        """Its link stops working. Raises ``RoleTooSmall``, ``NotAMember``, ``InvitationRefused``."""
        with transaction.atomic():
            organisation, present = self._locked()
            require_grant(organisation, by, Role(present.role))
            AuditEntry.record(organisation, by, "invitation.revoke", present.email, role=present.role)
            present.delete()

    def resend(self, by: "User") -> None:
        """A new mail with a new link, good for another week. Raises as ``revoke`` does."""
        now = clock.now()
        with transaction.atomic():
            organisation, present = self._locked()
            require_grant(organisation, by, Role(present.role))
            if present.mailed_at and now - present.mailed_at < RESEND_AFTER:
                raise InvitationRefused(
                    _now("The mail was sent only minutes ago. Give it some time to arrive.")
                )
            _require_moderation(by, now)
            present.mailed_at, present.mail_after, present.mail_attempts = None, now, 0
            present.expires_at = now + GOOD_FOR
            present.save()
            AuditEntry.record(organisation, by, "invitation.resend", present.email, role=present.role)

    def _locked(self) -> tuple["Organisation", "Invitation"]:
        """The organisation under a lock, and this invitation as it is behind that lock."""
        organisation = self.organisation.lock()
        present = organisation.invitations.filter(pk=self.pk).first()
        if present is None:
            raise InvitationRefused(_now("This invitation was taken back."))
        if present.accepted_at:
            raise InvitationRefused(_now("This invitation was accepted already."))
        return organisation, present

    # --- mailing it -------------------------------------------------------------------------

    def mint(self, now: datetime) -> str | None:
        """A new token, for the mail that is sent right now; None when there is none to send.

        Of several senders one gets it. Any link mailed before stops working.
        The sender ends with ``mailed``; if it dies, the mail is due again later.
        """
        token = secrets.token_urlsafe(32)
        retry = min(MAIL_RETRY * 2 ** min(self.mail_attempts, 10), LONGEST_MAIL_RETRY)
        taken = Invitation.objects.mail_due(now).filter(pk=self.pk)
        changed = taken.update(
            token_hash=token_hash(token), mail_after=now + retry, mail_attempts=F("mail_attempts") + 1
        )
        return token if changed else None

    def mailed(self, token: str, now: datetime) -> None:
        """The mail with this token is on its way."""
        Invitation.objects.filter(pk=self.pk, token_hash=token_hash(token)).update(mailed_at=now)

    # --- accepting it -----------------------------------------------------------------------

    @classmethod
    def find(cls, token: str) -> "Invitation":
        """The invitation of this token, still open. Raises ``InvitationRefused``, with words."""
        rows = cls.objects.select_related("organisation", "invited_by")
        found = rows.filter(token_hash=token_hash(token)).first()
        if found is None:
            raise InvitationRefused(
                _now("This link is not valid. It may have been taken back, or replaced by a newer mail.")
            )
        if found.accepted_at:
            raise InvitationRefused(_now("This invitation was accepted already."))
        if found.expired:
            raise InvitationRefused(_now("This invitation has expired. Ask for a new one."))
        return found

    @classmethod
    def accept(cls, user: "User", token: str) -> Membership:
        """Enter with the token. Raises ``InvitationRefused`` when it is not open, or another person's.

        Holding the token shows that the mailbox is theirs, so the address counts as verified.
        """
        found = cls.find(token)
        found.require_addressee(user)
        with transaction.atomic():
            organisation, present = found._locked()
            if present.token_hash != token_hash(token):
                raise InvitationRefused(_now("This invitation link was replaced by a newer mail."))
            membership = _enter(organisation, user, Role(present.role))
            present.accepted_at = clock.now()
            present.save(update_fields=["accepted_at"])
            mark_verified(user)
            AuditEntry.record(organisation, user, "invitation.accept", present.email, role=present.role)
        return membership

    def require_addressee(self, user: "User") -> None:
        """Raises ``InvitationRefused`` when the invitation was sent to another address."""
        if self.email.lower() != user.email.lower():
            raise InvitationRefused(
                _now("This invitation was sent to another e-mail address than yours, %(email)s.")
                % {"email": user.email}
            )


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _address(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvitationRefused(" ".join(error.messages)) from None
    return email


def _require_room(organisation: "Organisation", email: str, now: datetime) -> None:
    if organisation.memberships.filter(user__email=email).exists():
        raise InvitationRefused(_now("%(email)s is a member already.") % {"email": email})
    pending = organisation.invitations.pending(now)
    if pending.filter(email=email).exists():
        raise InvitationRefused(_now("%(email)s has been invited already.") % {"email": email})
    if pending.count() >= MAX_PENDING:
        raise InvitationRefused(
            _now("%(count)d invitations are open. Take some back before you send more.")
            % {"count": MAX_PENDING}
        )


def _require_moderation(by: "User", now: datetime) -> None:
    asked = AuditEntry.objects.filter(actor=by, verb__in=("invitation.send", "invitation.resend"))
    if asked.filter(at__gt=now - timedelta(days=1)).count() >= MAX_A_DAY:
        raise InvitationRefused(
            _now("You have sent %(count)d invitations today. Send the others tomorrow.")
            % {"count": MAX_A_DAY}
        )


def _enter(organisation: "Organisation", user: "User", role: Role) -> Membership:
    """A membership of at least this role: an invitation never makes anybody's role smaller."""
    membership, created = organisation.memberships.get_or_create(user=user, defaults={"role": role})
    if not created and not membership.may(role):
        membership.role = role
        membership.save(update_fields=["role"])
    return membership
