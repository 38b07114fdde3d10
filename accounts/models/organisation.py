"""A tenant: everything a customer owns hangs below one organisation."""

import secrets
from typing import TYPE_CHECKING

from django.db import IntegrityError, models, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models.audit import AuditEntry
from accounts.models.invitation import Invitation
from accounts.models.membership import Role, require_grant
from accounts.naming import plain_name

if TYPE_CHECKING:
    from accounts.models.user import User

MAX_NAME = 100


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def of(self, user: "User") -> "OrganisationQuerySet":
        """The organisations this user is a member of: where every query of a view starts."""
        return self.filter(memberships__user=user)


class Organisation(models.Model):
    name = models.CharField(_("name"), max_length=MAX_NAME)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(
        "accounts.User", through="accounts.Membership", related_name="organisations"
    )

    objects = OrganisationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def found(cls, owner: "User", name: str) -> "Organisation":
        """A new organisation with its first owner. Raises ``accounts.naming.BadName``."""
        name = plain_name(name, MAX_NAME)
        with transaction.atomic():
            organisation = cls._with_free_slug(name)
            organisation.memberships.create(user=owner, role=Role.OWNER)
            AuditEntry.record(organisation, owner, "organisation.found", name)
        return organisation

    @classmethod
    def _with_free_slug(cls, name: str) -> "Organisation":
        try:
            with transaction.atomic():
                return cls.objects.create(name=name, slug=free_slug(name))
        except IntegrityError:  # another organisation of this name was founded in the same moment
            return cls.objects.create(name=name, slug=random_slug(name))

    def rename(self, by: "User", name: str) -> None:
        """Its address stays: no bookmark breaks. Raises ``BadName``, ``RoleTooSmall``, ``NotAMember``."""
        name = plain_name(name, MAX_NAME)
        with transaction.atomic():
            present = self.lock()
            require_grant(present, by, Role.ADMIN)
            if present.name != name:
                AuditEntry.record(present, by, "organisation.rename", name, old=present.name, new=name)
                Organisation.objects.filter(pk=self.pk).update(name=name)
        self.name = name

    def invite(self, by: "User", email: str, role: Role) -> Invitation:
        """Offer a membership. The mail is sent by a job, which alone sees the token.

        Raises ``RoleTooSmall``, ``NotAMember`` and ``InvitationRefused``.
        """
        return Invitation.offer(self, by, email, role)

    def lock(self) -> "Organisation":
        """This row as it is now, held until the transaction ends."""
        return Organisation.objects.select_for_update().get(pk=self.pk)


def free_slug(name: str) -> str:
    """A slug nobody has: the name's, with a random tail where it is taken or empty."""
    slug = slugify(name)[:50]
    if slug and not Organisation.objects.filter(slug=slug).exists():
        return slug
    return random_slug(name)


def random_slug(name: str) -> str:
    return f"{slugify(name)[:50].strip('-') or 'organisation'}-{secrets.token_hex(3)}"
