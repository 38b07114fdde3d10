"""``python -m tests.night.cast seed|start|resume ARGUMENTS``: what a customer did before; runs inside Django.

Arguments and answers are JSON, for whoever asks shares nothing with the stack but its processes.
"""

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

VERSION = "TIP-v9.9.0"
EMAIL = "ada@lento.example"


@dataclass(frozen=True)
class Place:
    """One network and its window on the wall there."""

    name: str
    country: str
    timezone: str
    start: str
    end: str


def seed(places: list[dict[str, str]], serials: list[list[str]]) -> dict[str, Any]:
    """The organisation, its networks with these access points, and the image."""
    from accounts.models import Organisation
    from devices.claiming import claim
    from devices.models import Network
    from devices.rendering.intent import NetworkIntent
    from tests.images import ready
    from tests.world import person

    user = person("Ada", EMAIL)
    organisation = Organisation.found(user, "Café Lento")
    networks = []
    for place, those in zip((Place(**place) for place in places), serials, strict=True):
        intent = NetworkIntent(place.name, place.country, place.timezone, place.start, place.end)
        networks.append(network := Network.open(user, organisation, intent))
        claim(user, network, "\n".join(those))
    return {"networks": [network.pk for network in networks], "image": ready(organisation, VERSION, 8 * 1024)}


def start(image: int, starts_at: str, shares: list[int], **terms: Any) -> int:
    """The rollout, over everybody; its primary key."""
    from devices import clock
    from devices.models import FirmwareImage
    from devices.rollouts.decide import Budget
    from devices.rollouts.waves import Share
    from devices.upgrading.planning import start
    from devices.upgrading.terms import Terms

    terms["soak_minutes"] = tuple(terms["soak_minutes"])
    asked = Terms(
        image=FirmwareImage.objects.get(pk=image),
        starts_at=datetime.fromisoformat(starts_at),
        shares=tuple(Share(amount) for amount in shares),
        budget=Budget(terms.pop("budget")),
        **terms,
    )
    user, organisation = _customer()
    return start(user, organisation, asked, clock.now()).pk


def resume(rollout: int) -> str:
    """As a click on Resume; the state afterwards."""
    from devices.models import Rollout
    from devices.upgrading.steering import resume

    row = Rollout.objects.get(pk=rollout)
    resume(_customer()[0], row)
    return row.state


def _customer() -> tuple[Any, Any]:
    from accounts.models import Organisation, User

    return User.objects.get(email=EMAIL), Organisation.objects.get()


def main(what: str, arguments: str) -> None:
    import django

    django.setup()
    verbs = {"seed": seed, "start": start, "resume": resume}
    sys.stdout.write(json.dumps(verbs[what](**json.loads(arguments))))


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.read())
