"""The first steps as a list that stays on the dashboard until it is done or dismissed."""

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, F
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from console import access
from console.access import MemberRequest
from devices.models import Configuration, Network, Ssid
from devices.models.alert import AlertRule


@dataclass(frozen=True)
class Item:
    label: Any
    help: Any
    done: bool
    address: str


def checklist(request: MemberRequest) -> list[Item]:
    """What is still to do and what is done; empty for viewers, when dismissed and when all is done."""
    if request.membership.checklist_dismissed_at or not request.membership.may(Role.ADMIN):
        return []
    told = AlertRule.objects.filter(network__organisation=request.organisation)
    network = access.networks(request).order_by("pk").annotate(has_alerts=Exists(told)).first()
    items = [*_place(request, network), *_people(request)]
    if network is not None:
        items.append(_alerts(request, network, network.has_alerts))
    return [] if all(item.done for item in items) else items


def _place(request: MemberRequest, network: Network | None) -> list[Item]:
    slug = request.organisation.slug
    if network is None:
        return [
            Item(
                _("Add your first network"),
                _("A place with its own Wi-Fi"),
                False,
                reverse("new_network", args=(slug,)),
            )
        ]
    place = (slug, network.pk)
    claimed = access.access_points(request)
    applied = Configuration.objects.filter(
        access_point__in=claimed.order_by(), uuid__gt=0, applied_uuid=F("uuid")
    )
    return [
        Item(
            _("Claim your access points"),
            _("By the serial or MAC address on the label"),
            claimed.exists(),
            reverse("setup_access_points", args=place),
        ),
        Item(
            _("Name your Wi-Fi"),
            _("The network phones will see, and its passphrase"),
            Ssid.objects.filter(network__organisation=request.organisation).exists(),
            reverse("setup_wifi", args=place),
        ),
        Item(
            _("Plug in and go on air"),
            _("Watch each access point come online"),
            applied.exists(),
            reverse("setup_go_live", args=place),
        ),
    ]


def _alerts(request: MemberRequest, network: Network, done: bool) -> Item:
    return Item(
        _("Choose who is told when an access point goes offline"),
        _("Owners and administrators, unless you say otherwise"),
        done,
        reverse("alert_rule", args=(request.organisation.slug, network.pk)),
    )


def _people(request: MemberRequest) -> list[Item]:
    slug = request.organisation.slug
    invited = access.invitations(request).exists() or access.memberships(request).count() > 1
    return [
        Item(
            _("Invite a colleague"),
            _("So that you can take a day off"),
            invited,
            reverse("invite", args=(slug,)),
        ),
        Item(
            _("Add a second factor to your account"),
            _("A passkey or an authenticator app"),
            Authenticator.objects.filter(user=request.user)
            .exclude(type=Authenticator.Type.RECOVERY_CODES)
            .exists(),
            reverse("mfa_index"),
        ),
    ]
