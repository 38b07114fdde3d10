"""Which image is the one to have: the newest that is stable and offered, for each kind of hardware."""

from collections.abc import Iterable

from accounts.models import Organisation
from devices.firmware import hardware
from devices.models.firmware import Channel, FirmwareImage
from devices.rollouts.versions import is_older, parse, runs


def newest_for(organisation: Organisation, compatibles: Iterable[str]) -> dict[str, FirmwareImage]:
    """By hardware as given, the newest stable image the organisation is offered; without one, no entry."""
    wanted = set(compatibles)
    newest: dict[str, FirmwareImage] = {}
    for image in (
        FirmwareImage.objects.of(organisation).offered().filter(channel=Channel.STABLE).order_by("pk")
    ):
        for name in image.compatibles:
            if name not in newest or not _is_older(image, newest[name]):
                newest[name] = image
    found = {name: newest.get(hardware.canonical(name)) for name in wanted}
    return {name: image for name, image in found.items() if image is not None}


def update_for(reported: str, image: FirmwareImage | None) -> FirmwareImage | None:
    """The image, when an access point that reports this firmware would be brought further by it."""
    if image is None or not reported or runs(reported, image.version):
        return None
    return image if is_older(reported, image.version) else None


def _is_older(image: FirmwareImage, other: FirmwareImage) -> bool:
    """Whether it comes before: one without numbers before all others; of equals the later upload wins."""
    if parse(image.version) is None:
        return parse(other.version) is not None
    return is_older(image.version, other.version) is True
