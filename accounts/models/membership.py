"""Which user may do what in which organisation.

Every verb that changes who is in an organisation first locks the organisation's
row, and reads roles behind that lock: two owners who leave, demote or remove
each other in the same moment cannot leave it without one.
"""

from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models.audit import AuditEntry
from accounts.refusal import Refusal

if TYPE_CHECKING:
    from accounts.models.organisation import Organisation
    from accounts.models.user import User


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    VIEWER = "viewer", _("Viewer")

    @property
    def rank(self) -> int:
        return {"viewer": 1, "admin": 2, "owner": 3}[self.value]

    def covers(self, other: "Role") -> bool:
        """Whether this role may do what the other may."""
        return self.rank >= other.rank

    def grantable(self) -> list["Role"]:
        """The roles one who holds this one may give and take: administrators none above their own."""
        return [role for role in Role if self.covers(Role.ADMIN) and self.covers(role)]


class NotAMember(Refusal):
    """The one who acts, or whom it is about, is not (or no longer) in the organisation."""


class RoleTooSmall(Refusal):
    """The one who acts may not do this to that role."""


class LastOwner(Refusal):
    """An organisation is never without an owner."""


class Membership(models.Model):
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    checklist_dismissed_at = models.DateTimeField(null=True, help_text="No more first steps on the dashboard")
    weekly_report = models.BooleanField(default=True, help_text="Wants the mail of every week")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user"], name="one_membership_per_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"

    def may(self, needed: Role) -> bool:
        """Whether this member's role covers ``needed``."""
        return Role(self.role).covers(needed)

    @property
    def may_change(self) -> bool:
        """Whether this member may change networks and access points, and see passphrases."""
        return self.may(Role.ADMIN)

    def dismiss_checklist(self) -> None:
        """This member has seen enough of the first steps."""
        self.checklist_dismissed_at = clock.now()
        self.save(update_fields=["checklist_dismissed_at"])

    def want_weekly_report(self, wanted: bool) -> None:
        """Whether this member is sent the mail of every week."""
        self.weekly_report = wanted
        self.save(update_fields=["weekly_report"])

    def change_role(self, by: "User", role: Role) -> None:
        """Raises ``RoleTooSmall``, ``LastOwner``, ``NotAMember``."""
        with transaction.atomic():
            organisation, present = self._locked()
            require_grant(organisation, by, Role(present.role), role)
            if present.role == role:
                return
            if role != Role.OWNER:
                present._require_another_owner()
            old, present.role = present.role, role
            present.save(update_fields=["role"])
            AuditEntry.record(
                organisation, by, "membership.change_role", present.user.email, old=old, new=str(role)
            )
        self.role = role

    def remove(self, by: "User") -> None:
        """Raises ``RoleTooSmall``, ``LastOwner``, ``NotAMember``."""
        if by.pk == self.user_id:
            self.leave()
            return
        with transaction.atomic():
            organisation, present = self._locked()
            require_grant(organisation, by, Role(present.role))
            present._end(by, "membership.remove")

    def leave(self) -> None:
        """Raises ``LastOwner``, ``NotAMember``."""
        with transaction.atomic():
            _organisation, present = self._locked()
            present._end(present.user, "membership.leave")

    def _end(self, by: "User", verb: str) -> None:
        self._require_another_owner()
        AuditEntry.record(self.organisation, by, verb, self.user.email, role=self.role)
        self.delete()

    def _locked(self) -> tuple["Organisation", "Membership"]:
        """The organisation under a lock, and this membership as it is behind that lock."""
        organisation = self.organisation.lock()
        present = organisation.memberships.select_related("user").filter(pk=self.pk).first()
        if present is None:
            raise NotAMember(_now("This person is no longer a member."))
        present.organisation = organisation
        return organisation, present

    def _require_another_owner(self) -> None:
        others = self.organisation.memberships.filter(role=Role.OWNER).exclude(pk=self.pk)
        if self.role == Role.OWNER and not others.exists():
            raise LastOwner(
                _now("%(name)s is the only owner. Make somebody else an owner first.") % {"name": self.user}
            )


def require_grant(organisation: "Organisation", by: "User", *roles: Role) -> None:
    """Let ``by`` give and take these roles, or raise ``NotAMember``, ``RoleTooSmall``."""
    own = organisation.memberships.filter(user=by).first()
    if own is None:
        raise NotAMember(_now("You are no longer a member of this organisation."))
    missing = [role for role in roles if role not in Role(own.role).grantable()]
    if missing:
        raise RoleTooSmall(
            _now("As %(own)s you cannot do this to the role %(role)s.")
            % {"own": own.get_role_display(), "role": missing[0].label}
        )
