"""The demo's customer: one organisation, three networks, its SSIDs and access points."""

import gzip
import io
import os
from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone as clock

from accounts.models import Organisation, User
from console.demo.history import remember
from devices.claiming import claim
from devices.firmware.uploading import Details, keep
from devices.models import Network
from devices.models.fields import time_ordered_id
from devices.rendering.intent import NetworkIntent, Security, SsidIntent
from devices.simulation.hardware import CATALOGUE

NIGHT = ("03:00", "05:00")
PLACES = (
    ("Café Lento, Lisbon", "PT", "Europe/Lisbon", NIGHT),
    ("Hotel Lento, Porto", "PT", "Europe/Lisbon", NIGHT),
    # Its window is open nearly all day, so that a firmware rollout can be watched at any hour.
    ("Lento Pop-up, New York", "US", "America/New_York", ("00:00", "23:59")),
)
# Simulated access points name their firmware after the image's file.
FIRMWARE = "TIP-v4.2.0"
ROOMS = ("Bar", "Terrace", "Kitchen", "Lobby", "Stairs", "Garden", "Roof", "Office", "Hall")


class Command(BaseCommand):
    help = "Fill an empty database with the demo's customer. Does nothing when the login exists."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default="demo@aerie.example", help="the login to make")
        parser.add_argument("--first-serial", default="02ae21e00001", help="12 hexadecimal digits")
        parser.add_argument("--access-points", type=int, default=25, metavar="N", help="how many to claim")

    def handle(self, *args: Any, email: str, first_serial: str, access_points: int, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD")
        if not password:
            raise CommandError("DEMO_PASSWORD is not set: it becomes the login's password")
        if User.objects.filter(email=email).exists():
            return
        with transaction.atomic():
            user = _user(email, password)
            organisation = Organisation.found(user, "Lento Hospitality")
            networks = [Network.open(user, organisation, _intent(*place)) for place in PLACES]
        serials = [f"{int(first_serial, 16) + n:012x}" for n in range(access_points)]
        for number, network in enumerate(networks):
            claim(user, network, _lines(serials[number :: len(networks)]))
        _offer_firmware(user, organisation)
        remember(organisation, clock.now())


def _user(email: str, password: str) -> User:
    user = User.objects.create_user(email, password, name="Demo")
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _offer_firmware(user: User, organisation: Organisation) -> None:
    """An image for every simulated model: no firmware at all, but a file that can be fetched."""
    file = gzip.compress(f"The demo's {FIRMWARE}".encode(), mtime=0)
    details = Details(
        version=FIRMWARE,
        compatibles=[hardware.compatible for hardware in CATALOGUE],
        notes="The demo's image: roll it out and watch.",
    )
    keep(user, organisation, f"{FIRMWARE}.bin", io.BytesIO(file), len(file), details)


def _intent(name: str, country: str, timezone: str, window: tuple[str, str]) -> NetworkIntent:
    staff = SsidIntent(_key(), "Lento Staff", Security.WPA2_WPA3, passphrase="slow coffee, fast wifi")  # noqa: S106 - the demo's
    guests = SsidIntent(
        _key(),
        "Lento Guests",
        Security.OWE if country == "US" else Security.OPEN,
        guest=True,
        isolate=True,
        captive=country != "US",
        download_mbps=20,
        upload_mbps=5,
    )
    return NetworkIntent(name, country, timezone, *window, ssids=(staff, guests))


def _key() -> str:
    return str(time_ordered_id())


def _lines(serials: list[str]) -> str:
    return "\n".join(
        f"{serial},{ROOMS[n % len(ROOMS)]} {n // len(ROOMS) + 1}" for n, serial in enumerate(serials)
    )
