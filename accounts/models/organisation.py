"""A tenant: everything a customer owns hangs below one organisation."""

import secrets
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models.audit import AuditEntry

if TYPE_CHECKING:
    from accounts.models.user import User


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def of(self, user: "User") -> "OrganisationQuerySet":
        """The organisations this user is a member of: where every query of a view starts."""
        return self.filter(memberships__user=user)


class Organisation(models.Model):
    name = models.CharField(_("name"), max_length=100)
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
        """A new organisation with its first owner."""
        from accounts.models.membership import Role

        with transaction.atomic():
            organisation = cls.objects.create(name=name, slug=free_slug(name))
            organisation.memberships.create(user=owner, role=Role.OWNER)
            AuditEntry.record(organisation, owner, "organisation.found", name)
        return organisation


def free_slug(name: str) -> str:
    """A slug nobody has: the name's, with a random tail where it is taken or empty."""
    slug = slugify(name)[:50]
    if slug and not Organisation.objects.filter(slug=slug).exists():
        return slug
    return f"{slug or 'organisation'}-{secrets.token_hex(3)}"
