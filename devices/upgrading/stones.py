"""The images an organisation may install, as stepping stones towards another one."""

from collections import defaultdict

from accounts.models import Organisation
from devices.models import AccessPoint, FirmwareImage
from devices.rollouts.route import Stone, next_step


class Stones:
    """One look at the offered images; asked for every access point of a batch."""

    def __init__(self, organisation: Organisation) -> None:
        self._images: dict[int, FirmwareImage] = {}
        self._for: dict[str, list[Stone]] = defaultdict(list)
        self._known: dict[tuple[str, str, int], FirmwareImage | None] = {}
        for image in FirmwareImage.objects.of(organisation).offered().order_by("pk"):
            self._images[image.pk] = image
            for compatible in image.compatibles:
                self._for[compatible].append(_stone(image))

    def step(self, access_point: AccessPoint, wanted: FirmwareImage) -> FirmwareImage | None:
        """The image to install on it now, on the way to ``wanted``; None when there is no way.

        Found once for all that run the same on the same hardware.
        """
        alike = (access_point.compatible, access_point.firmware, wanted.pk)
        if alike not in self._known:
            self._known[alike] = self._step(access_point.compatible, access_point.firmware, wanted)
        return self._known[alike]

    def _step(self, compatible: str, runs: str, wanted: FirmwareImage) -> FirmwareImage | None:
        if compatible not in wanted.compatibles:  # it told of other hardware since it was chosen
            return None
        stone = next_step(runs, _stone(wanted), self._for[compatible])
        if stone is None:
            return None
        return wanted if stone.id == wanted.pk else self._images[stone.id]


def _stone(image: FirmwareImage) -> Stone:
    return Stone(image.pk, image.version, image.minimum_version)
