"""Who may enter a page, and with which rows: the only way a view gets any.

Every view wears exactly one of ``anyone``, ``signed_in``, ``member``, ``admin``,
``owner`` and ``staff``; ``view.who`` tells which, and a test walks the addresses.
A member's view finds ``request.organisation`` and ``request.membership``, and
gets its network, access point and so on from the functions below, which look in
that organisation alone. Whatever belongs to somebody else does not exist: 404.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, Protocol, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import AuditEntry, Invitation, Membership, Organisation, Role, User
from devices.models import (
    AccessPoint,
    Alert,
    Command,
    FirmwareImage,
    Network,
    Report,
    Rollout,
    RolloutTarget,
    Tag,
)
from devices.models.access_point import AccessPointQuerySet
from devices.models.firmware import ImageState
from devices.upgrading.axis import with_upgrades

Who = Literal["anyone", "signed-in", "member", "admin", "owner", "staff"]


class SignedInRequest(HttpRequest):
    """A request of somebody we know."""

    user: User


class MemberRequest(SignedInRequest):
    """A request of a member of ``organisation``. Their role is in ``membership``."""

    organisation: Organisation
    membership: Membership


class View(Protocol):
    """A view that says who may enter."""

    who: Who

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase: ...


_AnyView = Callable[..., HttpResponseBase]


def _declare(view: _AnyView, who: Who) -> View:
    view.who = who  # type: ignore[attr-defined]
    return cast(View, view)


def anyone(view: _AnyView) -> View:
    """Open to the world."""
    return _declare(view, "anyone")


def signed_in(view: _AnyView) -> View:
    """Anybody who has signed in; no organisation is involved."""

    @wraps(view)
    def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return to_login(request)
        return view(request, *args, **kwargs)

    return _declare(enter, "signed-in")


def member(view: _AnyView) -> View:
    """Members of the organisation ``slug`` in the address, whatever their role."""
    return _declare(_inside(view, Role.VIEWER), "member")


def admin(view: _AnyView) -> View:
    """Administrators and owners of the organisation ``slug`` in the address."""
    return _declare(_inside(view, Role.ADMIN), "admin")


def owner(view: _AnyView) -> View:
    """Owners of the organisation ``slug`` in the address."""
    return _declare(_inside(view, Role.OWNER), "owner")


def staff(view: _AnyView) -> View:
    """Those who run this Aerie; for everybody else the page does not exist."""

    @wraps(view)
    def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return _declare(signed_in(enter), "staff")


def _inside(view: _AnyView, needed: Role) -> View:
    """``slug`` becomes ``request.organisation``; the view does not see it."""

    def enter(request: MemberRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.membership = membership = _membership(request.user, slug)
        request.organisation = membership.organisation
        if not membership.may(needed):
            return _too_small(request, needed)
        return view(request, *args, **kwargs)

    return signed_in(wraps(view)(enter))


def _membership(user: User, slug: str) -> Membership:
    return get_object_or_404(user.memberships.select_related("organisation"), organisation__slug=slug)


def _too_small(request: MemberRequest, needed: Role) -> HttpResponse:
    owners = request.organisation.memberships.filter(role=Role.OWNER).select_related("user")
    return render(request, "access/role_too_small.html", {"needed": needed, "owners": owners}, status=403)


def to_login(request: HttpRequest) -> HttpResponse:
    """The login page, and back here afterwards. htmx is told to load it as a whole page."""
    if request.headers.get("HX-Request"):
        login = redirect_to_login(_page_shown(request))
        return HttpResponse(status=401, headers={"HX-Redirect": login["Location"]})
    # What was posted is gone after signing in; asking for its address would not bring it back.
    returnable = request.method in {"GET", "HEAD"}
    return redirect_to_login(request.get_full_path() if returnable else reverse("home"))


def _page_shown(request: HttpRequest) -> str:
    """The page whose part htmx was fetching, when it is one of ours."""
    url = request.headers.get("HX-Current-URL", "")
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}):
        return reverse("home")
    path = urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl()
    return path if url_has_allowed_host_and_scheme(path, None) else reverse("home")


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: even an empty POST is one; anything else is none."""
    return request.POST if request.method == "POST" else None


# --- rows, each from the organisation the visitor has entered -----------------------------------


def organisations(request: SignedInRequest) -> QuerySet[Organisation]:
    """Those the visitor is a member of."""
    return Organisation.objects.of(request.user).order_by("name", "pk")


def networks(request: MemberRequest) -> QuerySet[Network]:
    return Network.objects.filter(organisation=request.organisation)


def network(request: MemberRequest, pk: int) -> Network:
    found = get_object_or_404(networks(request), pk=pk)
    found.organisation = request.organisation
    return found


def access_points(request: MemberRequest) -> AccessPointQuerySet:
    return AccessPoint.objects.of(request.organisation).select_related("network")


def access_point(request: MemberRequest, serial: str) -> AccessPoint:
    """With what the last rollout says of it."""
    found = get_object_or_404(with_upgrades(access_points(request)), serial=serial)
    found.network.organisation = request.organisation
    return found


def alerts(request: MemberRequest) -> QuerySet[Alert]:
    """Newest first, each with its network."""
    rows = Alert.objects.filter(network__organisation=request.organisation).select_related("network")
    return rows.order_by("-opened_at", "-pk")


def rollouts(request: MemberRequest) -> QuerySet[Rollout]:
    return Rollout.objects.filter(organisation=request.organisation).select_related("image", "asked_by")


def rollout(request: MemberRequest, pk: int) -> Rollout:
    found = get_object_or_404(rollouts(request), pk=pk)
    found.organisation = request.organisation
    return found


def rollout_targets(request: MemberRequest, rollout: Rollout) -> QuerySet[RolloutTarget]:
    """Those of one rollout, each with its access point, network and the image it is given now."""
    rows = RolloutTarget.objects.filter(rollout=rollout, rollout__organisation=request.organisation)
    return rows.select_related("access_point__network", "step")


def firmware_images(request: MemberRequest) -> QuerySet[FirmwareImage]:
    """The organisation's own, whatever their state, and those that are ready for everybody."""
    everybodys = Q(organisation=None, state=ImageState.READY)
    rows = FirmwareImage.objects.filter(Q(organisation=request.organisation) | everybodys)
    return rows.select_related("uploaded_by")


def firmware_image(request: MemberRequest, pk: int) -> FirmwareImage:
    return get_object_or_404(firmware_images(request), pk=pk)


def own_firmware_image(request: MemberRequest, pk: int) -> FirmwareImage:
    """One to change: those for everybody are looked at only."""
    return get_object_or_404(FirmwareImage, organisation=request.organisation, pk=pk)


def uploading_image(request: SignedInRequest, key: str) -> FirmwareImage:
    """The image whose file is being sent, by somebody who may change its organisation."""
    rows = FirmwareImage.objects.filter(key=key, state=ImageState.UPLOADING, organisation__isnull=False)
    image = get_object_or_404(rows.select_related("organisation"))
    membership = _membership(request.user, cast(Organisation, image.organisation).slug)
    if not membership.may(Role.ADMIN):
        raise Http404
    return image


def offered_images(request: MemberRequest) -> QuerySet[FirmwareImage]:
    """Those that may be installed: the organisation's own, and what is offered to everybody."""
    return FirmwareImage.objects.of(request.organisation).offered()


def tags(request: MemberRequest) -> QuerySet[Tag]:
    return Tag.objects.filter(organisation=request.organisation)


def command(request: MemberRequest, serial: str, pk: int) -> Command:
    """One of this access point's."""
    about = access_point(request, serial)
    found = get_object_or_404(about.commands.select_related("asked_by"), pk=pk)
    found.access_point = about
    return found


def memberships(request: MemberRequest) -> QuerySet[Membership]:
    return request.organisation.memberships.select_related("user")


def membership(request: MemberRequest, pk: int) -> Membership:
    return get_object_or_404(memberships(request), pk=pk)


def memberships_of(request: SignedInRequest) -> QuerySet[Membership]:
    """The visitor's own, with their organisations."""
    return request.user.memberships.select_related("organisation").order_by("organisation__name", "pk")


def audit_entries(request: MemberRequest) -> QuerySet[AuditEntry]:
    return request.organisation.audit_entries.select_related("actor").order_by("-at", "-pk")


def reports(request: MemberRequest) -> QuerySet[Report]:
    """Newest month first."""
    return Report.objects.filter(organisation=request.organisation)


def report(request: MemberRequest, pk: int) -> Report:
    return get_object_or_404(reports(request), pk=pk)


def invitations(request: MemberRequest) -> QuerySet[Invitation]:
    """Those that nobody has accepted yet, expired ones included."""
    return request.organisation.invitations.filter(accepted_at=None).select_related("invited_by")


def invitation(request: MemberRequest, pk: int) -> Invitation:
    return get_object_or_404(invitations(request), pk=pk)
