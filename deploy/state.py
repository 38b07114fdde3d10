"""Which release an environment runs, in parameters under ``release/``, and the one on its way.

``ami`` and ``version`` name the release that is in service, the previous pair the one before it.
``in_progress`` exists from the first replaced instance to the last check: a deploy
that is killed in between is continued by running it again, for every write here compares first.
"""

import json
from dataclasses import asdict, dataclass, field

from deploy.environments import Environment
from deploy.outcomes import Refused

_IN_PROGRESS = "release/in_progress"


@dataclass(frozen=True)
class Image:
    """A release, and the machine image that holds it. Empty before the first deploy."""

    version: str = ""
    ami: str = ""

    def __str__(self) -> str:
        return f"{self.version} ({self.ami})" if self.version else "nothing"


@dataclass
class InProgress:
    """``roles`` maps each role to the launch template versions it goes from and to.

    ``before`` is what was in service when the first one began that did not come to its end.
    """

    version: str
    ami: str
    before_version: str = ""
    before_ami: str = ""
    kind: str = "deploy"  # or rollback
    roles: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def image(self) -> Image:
        return Image(self.version, self.ami)

    @property
    def before(self) -> Image:
        return Image(self.before_version, self.before_ami)


def current(environment: Environment) -> Image:
    return Image(environment.parameter("release/version"), environment.parameter("release/ami"))


def previous(environment: Environment) -> Image:
    return Image(
        environment.parameter("release/previous_version"), environment.parameter("release/previous_ami")
    )


def in_progress(environment: Environment) -> InProgress | None:
    """Raises ``Refused`` for what this release cannot read: to go by half of it would lose the other half."""
    text = environment.parameter(_IN_PROGRESS)
    try:
        return InProgress(**json.loads(text)) if text else None
    except (TypeError, ValueError):  # a field it does not know, or no JSON object
        raise Refused(
            f"/aerie/{environment.name}/{_IN_PROGRESS} was written by a newer release of this command, "
            f"or by hand: use that checkout. It says: {text[:500]}"
        ) from None


def named(environment: Environment) -> set[str]:
    """Releases whose pages somebody may be shown: in service, the one before it, and one on its way."""
    moving = in_progress(environment) or InProgress("", "")
    images = (current(environment), previous(environment), moving.image, moving.before)
    return {image.version for image in images} - {""}


def keep(environment: Environment, moving: InProgress) -> None:
    environment.set_parameter(_IN_PROGRESS, json.dumps(asdict(moving)))


def forget(environment: Environment) -> None:
    environment.remove_parameter(_IN_PROGRESS)


def begin(environment: Environment, image: Image, kind: str = "deploy") -> InProgress:
    """On its way to this image from now on; where a killed one was, one goes on."""
    found = in_progress(environment)
    before = found.before if found else current(environment)
    moving = InProgress(image.version, image.ami, before.version, before.ami, kind)
    if found:
        # Where a role came from is where it goes back to, whatever was tried in between; where it was
        # going is of use when it is to go there again.
        same = found.image == image
        moving.roles = {r: v if same else {"from": v["from"]} for r, v in found.roles.items()}
    keep(environment, moving)
    return moving


def withdraw(environment: Environment, moving: InProgress) -> None:
    """What was before it is in service, also when it was killed while it settled."""
    if moving.before.version:
        environment.set_parameter("release/ami", moving.before_ami)
        environment.set_parameter("release/version", moving.before_version)
    forget(environment)


def settle(environment: Environment, moving: InProgress) -> None:
    """It is in service now. Killed anywhere in it and called again, it ends the same."""
    if moving.before.version and moving.before != moving.image:
        environment.set_parameter("release/previous_ami", moving.before_ami)
        environment.set_parameter("release/previous_version", moving.before_version)
    environment.set_parameter("release/ami", moving.ami)
    environment.set_parameter("release/version", moving.version)
    forget(environment)
