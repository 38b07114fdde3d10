"""Firmware images: the list, the upload, one image."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.refusal import Refusal
from console import access
from console.access import MemberRequest
from console.firmware import FirmwareList, Use, image_badge
from console.forms.firmware import AnnouncedForm, EditForm, UploadForm
from console.limits import takes
from console.listing import ROWS
from devices import storage
from devices.firmware import uploading
from devices.models import FirmwareImage
from devices.models.firmware import Channel, ImageState
from devices.storage_faults import refused_while_away

SECTION = "firmware"
LINK_SECONDS = 600
FORM_UPLOAD = 64 * 1024 * 1024  # bytes of an image in a plain form
EXPECTED = "application/json"


@access.member
@require_GET
def firmware(request: MemberRequest) -> HttpResponse:
    images = access.firmware_images(request)
    listing = FirmwareList(images, request.GET)
    shown = {
        "section": SECTION,
        "listing": listing,
        "page": listing.page,
        "rows": listing.shown(),
        "total": len(listing.hardware_choices) or images.exists(),
        "channels": Channel.choices,
        "states": FirmwareList.STATES,
    }
    return render(request, "firmware/list.html", shown)


def _form_upload() -> int:
    """Only a console on a single machine, with files in a directory, takes whole images itself."""
    return FORM_UPLOAD if storage.is_embedded() else 0


@takes(_form_upload)
@access.admin
@require_http_methods(["GET", "POST"])
def upload(request: MemberRequest) -> HttpResponse:
    """The form; with ``Accept: application/json``, the beginning of an upload in parts."""
    form = UploadForm(access.posted(request), request.FILES or None)
    in_parts = request.headers.get("Accept") == EXPECTED
    if form.is_valid():
        try:
            return _begin(request, form) if in_parts else _keep(request, form)
        except Refusal as refusal:
            form.add_error("file", refusal.words)
    if in_parts and form.errors:
        return JsonResponse({"errors": _told(form)}, status=422)
    shown = {"section": SECTION, "form": form, "embedded": storage.is_embedded(), "most": FORM_UPLOAD}
    answer = render(request, "firmware/upload.html", shown, status=422 if form.errors else 200)
    if origin := storage.upload_origin():
        answer._csp_update = {"connect-src": [origin]}  # type: ignore[attr-defined]
    return answer


def _begin(request: MemberRequest, form: UploadForm) -> HttpResponse:
    announced = AnnouncedForm(request.POST)
    if not announced.is_valid():
        raise Refusal(_("Choose the image's file."))
    name, size = announced.cleaned_data["file_name"], announced.cleaned_data["size"]
    with refused_while_away():
        image, begun = uploading.begin(request.user, request.organisation, name, size, form.details())
    where = (request.organisation.slug, image.pk)
    plan = {
        "part_size": begun.part_size,
        "urls": begun.urls,
        "finish": reverse("finish_firmware", args=where),
        "discard": reverse("discard_firmware", args=where),
    }
    return JsonResponse(plan)


def _keep(request: MemberRequest, form: UploadForm) -> HttpResponse:
    if not storage.is_embedded():
        raise Refusal(_("Uploading needs JavaScript here: the file goes straight to the storage."))
    file = form.cleaned_data["file"]
    if file is None:
        raise Refusal(_("Choose the image's file."))
    image = uploading.keep(request.user, request.organisation, file.name, file, file.size, form.details())
    return _to(request, image)


def _told(form: Form) -> list[dict[str, str]]:
    """Every error with its field, for the summary that a script writes."""
    errors = [
        {"field": str(field.label), "anchor": str(field.id_for_label), "words": str(error)}
        for field in form
        for error in field.errors
    ]
    return errors + [{"field": "", "anchor": "", "words": str(error)} for error in form.non_field_errors()]


@access.admin
@require_POST
def finish(request: MemberRequest, pk: int) -> HttpResponse:
    image = access.own_firmware_image(request, pk)
    try:
        with refused_while_away():
            uploading.finish(request.user, image)
    except Refusal as refusal:
        told = {"field": "", "anchor": "", "words": refusal.words}
        return JsonResponse({"errors": [told]}, status=422)
    return JsonResponse({"location": _address(request, image)})


@access.member
@require_GET
def page(request: MemberRequest, pk: int) -> HttpResponse:
    image = access.firmware_image(request, pk)
    alike = access.access_points(request).filter(compatible__in=image.compatibles)
    shown = _about(request, image) | {
        "use": Use.of(image, alike),
        "page": Paginator(alike.order_by("name", "serial"), ROWS).get_page(request.GET.get("page")),
    }
    part = request.headers.get("HX-Request")
    return render(request, "firmware/live.html" if part else "firmware/page.html", shown)


@access.member
@require_GET
def download(request: MemberRequest, pk: int) -> HttpResponse:
    image = access.firmware_image(request, pk)
    if image.state != ImageState.READY:
        raise Http404
    return redirect(storage.link(image.key, image.file_name, LINK_SECONDS))


@access.admin
@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    image = access.own_firmware_image(request, pk)
    initial = {name: getattr(image, name) for name in EditForm.base_fields}
    form = EditForm(access.posted(request), initial=initial)
    if form.is_valid():
        filled = form.cleaned_data
        uploading.edit(
            request.user, image, Channel(filled["channel"]), filled["minimum_version"], filled["notes"]
        )
        return _to(request, image)
    shown = _about(request, image) | {"form": form}
    return render(request, "firmware/edit.html", shown, status=422 if form.errors else 200)


@access.admin
@require_http_methods(["GET", "POST"])
def withdraw(request: MemberRequest, pk: int) -> HttpResponse:
    image = access.own_firmware_image(request, pk)
    if request.method == "GET":
        return render(request, "firmware/withdraw.html", _about(request, image))
    uploading.withdraw(request.user, image)
    messages.success(request, _("%(version)s is withdrawn: it is not offered any more.") % {"version": image})
    return _to(request, image)


@access.admin
@require_POST
def offer(request: MemberRequest, pk: int) -> HttpResponse:
    image = access.own_firmware_image(request, pk)
    try:
        uploading.offer_again(request.user, image)
    except Refusal as refusal:
        messages.error(request, refusal.words)
    else:
        messages.success(request, _("%(version)s is offered again.") % {"version": image})
    return _to(request, image)


@access.admin
@require_POST
def discard(request: MemberRequest, pk: int) -> HttpResponse:
    image = access.own_firmware_image(request, pk)
    try:
        with refused_while_away():
            uploading.discard(request.user, image)
    except Refusal as refusal:
        messages.error(request, refusal.words)
        return _to(request, image)
    return redirect("firmware", request.organisation.slug)


def _about(request: MemberRequest, image: FirmwareImage) -> dict[str, Any]:
    own = image.organisation_id is not None
    return {
        "section": SECTION,
        "image": image,
        "badge": image_badge(image),
        "own": own,
        "may_change": own and request.membership.may_change,
        "busy": image.state == ImageState.CHECKING,
    }


def _address(request: MemberRequest, image: FirmwareImage) -> str:
    return reverse("firmware_image", args=(request.organisation.slug, image.pk))


def _to(request: MemberRequest, image: FirmwareImage) -> HttpResponse:
    return redirect(_address(request, image))
