"""``python -m tests.ops.cast seed|start|promise ARGUMENTS``: what a customer did before; runs inside Django.

``seed`` and ``start`` answer once; ``promise`` goes on until its input ends, and writes down the key of
each task that was committed. Arguments and answers are JSON, through standard input and output.
"""

import json
import sys
import threading
from datetime import timedelta
from typing import Any

EMAIL = "ada@lento.example"
VERSION = "TIP-v9.9.0"
ALWAYS = ("00:00", "23:59")


def seed(places: dict[str, list[str]]) -> dict[str, Any]:
    """The organisation, its networks by name with the serials of each, the image; their primary keys."""
    from django.db import connection

    from accounts.models import Organisation
    from devices.claiming import claim
    from devices.models import Network
    from tests.images import ready
    from tests.world import person

    user = person("Ada", EMAIL)
    organisation = Organisation.found(user, "Café Lento")
    networks = {}
    for number, (name, serials) in enumerate(places.items()):
        networks[name] = (network := Network.open(user, organisation, _intent(name, number))).pk
        claim(user, network, "\n".join(serials))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE rehearsed_effect (id BIGINT AUTO_INCREMENT PRIMARY KEY, task TEXT)")
    return {
        "organisation": organisation.slug,
        "networks": networks,
        "image": ready(organisation, VERSION, 32 * 1024),
    }


def _intent(name: str, number: int) -> Any:
    from devices.rendering.intent import NetworkIntent, Security, SsidIntent

    staff = SsidIntent(f"{number}1", "Lento", Security.WPA2_WPA3, passphrase="slow coffee, fast wifi")
    guests = SsidIntent(f"{number}2", "Lento Guests", Security.OPEN, guest=True, isolate=True)
    return NetworkIntent(name, "NL", "Europe/Amsterdam", *ALWAYS, ssids=(staff, guests))


def start(image: int, network: int, at_once: int) -> int:
    """The rollout, over one network; its primary key."""
    from django.utils import timezone

    from accounts.models import Organisation, User
    from devices.models import FirmwareImage, Network
    from devices.rollouts.decide import Budget
    from devices.rollouts.waves import Share
    from devices.upgrading.planning import start
    from devices.upgrading.terms import Scope, Terms

    terms = Terms(
        image=FirmwareImage.objects.get(pk=image),
        starts_at=timezone.now(),
        scope=Scope("networks", (Network.objects.get(pk=network),)),
        shares=(Share(10, "count"), Share(50)),
        soak_minutes=(0,),
        at_once=at_once,
        # One whose command went down with its outpost is asked again after this time; that is a failure of
        # it, of which a rollout that begins in the middle of a kill must bear some.
        answer_minutes=2,
        attempts=3,
        budget=Budget(20),
        downgrades=True,
    )
    user, organisation = User.objects.get(email=EMAIL), Organisation.objects.get()
    return start(user, organisation, terms, timezone.now() - timedelta(seconds=1)).pk


def promise(every: float, seconds: list[float]) -> None:
    """One task now and then, each taking the next one of these times."""
    from django.db import transaction

    from devices.models import Task

    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    number = 0
    while not ended.wait(every):
        key, payload = f"rehearsed:{number}", {"seconds": seconds[number % len(seconds)]}
        with transaction.atomic():
            Task.promise("rehearsed", key, payload)
        sys.stdout.write(key + "\n")
        sys.stdout.flush()
        number += 1


def main(what: str, arguments: str) -> None:
    import django

    django.setup()
    verbs = {"seed": seed, "start": start, "promise": promise}
    sys.stdout.write(json.dumps(verbs[what](**json.loads(arguments))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.readline())
