"""Firmware images as their pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from console.badges import Badge
from console.listing import ROWS, Order, read_text
from devices.models import AccessPoint, FirmwareImage
from devices.models.firmware import Channel, ImageState
from devices.rollouts.versions import runs

_BADGES = {
    ImageState.UPLOADING: Badge(ImageState.UPLOADING.label, "busy", "arrow-up-circle"),
    ImageState.CHECKING: Badge(_("Checking…"), "busy", "arrow-repeat"),
    ImageState.READY: Badge(ImageState.READY.label, "good", "patch-check"),
    ImageState.REFUSED: Badge(ImageState.REFUSED.label, "bad", "x-circle-fill"),
}
WITHDRAWN = Badge(_("Withdrawn"), "idle", "slash-circle")
_WITHDRAWN = "withdrawn"


def image_badge(image: FirmwareImage) -> Badge:
    return WITHDRAWN if image.withdrawn_at else _BADGES[ImageState(image.state)]


class FirmwareList:
    """The images an organisation sees, filtered, ordered and in pages."""

    COLUMNS = {
        "uploaded": ("created_at", "pk"),
        "version": ("version", "pk"),
        "channel": ("channel", "pk"),
        "size": ("size", "pk"),
    }
    STATES = [*ImageState.choices, (_WITHDRAWN, WITHDRAWN.label)]

    def __init__(self, rows: QuerySet[FirmwareImage], query: QueryDict) -> None:
        self.order = Order.read(query, self.COLUMNS, "uploaded")
        if query.get("sort", "").removeprefix("-") not in self.COLUMNS:
            self.order = Order("uploaded", descending=True)
        self.text = read_text(query)
        self.hardware = query.get("hardware", "")[:100]
        self.channel = query.get("channel", "") if query.get("channel") in Channel.values else ""
        self.state = query.get("state", "") if query.get("state") in dict(self.STATES) else ""
        self._page = query.get("page", "1")
        self._all = rows

    @property
    def filtered(self) -> bool:
        return bool(self.text or self.hardware or self.channel or self.state)

    @cached_property
    def _compatibles(self) -> dict[int, list[str]]:
        """By image. JSON is searched here, for no way of doing it is known to all our databases."""
        return dict(self._all.values_list("pk", "compatibles"))

    @property
    def hardware_choices(self) -> list[str]:
        return sorted({name for names in self._compatibles.values() for name in names})

    def rows(self) -> QuerySet[FirmwareImage]:
        rows = self._all
        if self.text:
            words = Q(version__icontains=self.text) | Q(file_name__icontains=self.text)
            rows = rows.filter(
                words | Q(notes__icontains=self.text) | Q(sha256__startswith=self.text.lower())
            )
        if self.hardware:
            rows = rows.filter(
                pk__in=[pk for pk, names in self._compatibles.items() if self.hardware in names]
            )
        if self.channel:
            rows = rows.filter(channel=self.channel)
        if self.state == _WITHDRAWN:
            rows = rows.filter(withdrawn_at__isnull=False)
        elif self.state:
            rows = rows.filter(state=self.state, withdrawn_at=None)
        return rows.order_by(*self.order.apply(self.COLUMNS[self.order.sort]))

    @cached_property
    def page(self) -> Page[FirmwareImage]:
        return Paginator(self.rows(), ROWS).get_page(self._page)

    def shown(self) -> Iterable[tuple[FirmwareImage, Badge]]:
        return [(image, image_badge(image)) for image in self.page]


@dataclass(frozen=True)
class Use:
    """How many access points have the hardware of an image, and how many of them run it."""

    total: int
    running: int

    @classmethod
    def of(cls, image: FirmwareImage, access_points: QuerySet[AccessPoint]) -> "Use":
        told = access_points.order_by().values_list("firmware").annotate(count=Count("pk"))
        counts = dict(told)
        running = sum(count for firmware, count in counts.items() if runs(firmware, image.version))
        return cls(sum(counts.values()), running)
