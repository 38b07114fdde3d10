"""Putting tags on access points: words of an organisation's own, to filter by and to roll firmware out to."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Organisation, User
from accounts.naming import plain_name
from accounts.refusal import Refusal
from devices.models import AccessPoint, Tag
from devices.models.tag import MAX_TAG

MOST_TAGS = 20


class TooManyTags(Refusal):
    """More than ``MOST_TAGS`` on one access point."""


def read_tags(text: str) -> list[str]:
    """Tags as people write them, between commas or on lines: lower case, each once, in order.

    Raises ``accounts.naming.BadName`` and ``TooManyTags``.
    """
    parts = [part.strip() for part in text.replace("\n", ",").split(",")]
    names = sorted({plain_name(part.lower(), MAX_TAG) for part in parts if part})
    if len(names) > MOST_TAGS:
        raise TooManyTags(
            _("An access point has at most %(most)d tags; these are %(count)d.")
            % {"most": MOST_TAGS, "count": len(names)}
        )
    return names


def set_tags(user: User, access_point: AccessPoint, names: Iterable[str]) -> None:
    """These and no others, given as ``read_tags`` returns them. A tag that nothing wears any more is gone."""
    with transaction.atomic():
        organisation = access_point.organisation.lock()  # two who tag at once would remove each other's
        old = list(access_point.tags.order_by("name").values_list("name", flat=True))
        new = sorted(set(names))
        if new == sorted(old):
            return
        access_point.tags.set(_rows(organisation, new))
        Tag.remove_unused(organisation)
        AuditEntry.record(
            organisation,
            user,
            "access_point.tag",
            access_point,
            serial=access_point.serial,
            old=", ".join(old),
            new=", ".join(new),
        )


def _rows(organisation: Organisation, names: list[str]) -> list[Tag]:
    wanted = [Tag(organisation=organisation, name=name) for name in names]
    organisation.tags.bulk_create(wanted, ignore_conflicts=True)
    return list(organisation.tags.filter(name__in=names))
