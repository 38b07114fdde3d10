"""What publishing costs: ``python -m tests.servers -- python -m tests.load.publishing [access points]``.

One network, every access point with capabilities of its own (as real ones, which quote their
MAC addresses). Prints CPU seconds of this process, statements and wall time of a save's publication;
the goal is 10,000 access points in under 3 s CPU and 60 statements per 1,000.
"""

# ruff: noqa: E402 - Django is set up before its models are imported

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

import django

django.setup()

import msgspec
from django.core.management import call_command
from django.db import connection

from accounts.models import Organisation, User
from devices.models import AccessPoint, Configuration, Network
from devices.publishing import publish_network
from devices.rendering.intent import NetworkIntent, Security, SsidIntent

SSIDS = tuple(
    SsidIntent(key=str(n), name=f"Office {n}", security=Security.WPA2_WPA3, passphrase=f"long secret {n}")
    for n in range(1, 5)
)
RADIOS = {
    f"wifi:{band}": {
        "band": [band],
        "htmode": ["HT20", "HT40", "VHT20", "VHT40", "VHT80", "HE20", "HE40", "HE80"],
        "channels": list(range(36, 72, 4)),
        "frequencies": list(range(5180, 5360, 20)),
    }
    for band in ("2G", "5G")
}


def main(count: int) -> None:
    call_command("migrate", verbosity=0)
    network = furnish(count)
    with measured("first publication", count):
        list(publish_network(network.pk))
    with measured("nothing changed", count):
        list(publish_network(network.pk))
    change(network)
    with measured("one SSID renamed", count):
        list(publish_network(network.pk))


def furnish(count: int) -> Network:
    """An organisation with one network full of access points that told what they are."""
    user = User.objects.create_user(f"load-{time.time_ns()}@example.org", "-")
    organisation = Organisation.found(user, "Load")
    network = Network.open(user, organisation, NetworkIntent("Campus", "DE", "Europe/Berlin", ssids=SSIDS))
    serials = (f"{time.time_ns() // 10**9 & 0xFFFF:04x}{n:08x}" for n in range(count))
    while batch := list(islice(serials, 1000)):
        hang(network, batch)
    return network


def hang(network: Network, serials: Sequence[str]) -> None:
    AccessPoint.objects.bulk_create(
        AccessPoint(network=network, serial=one, name=f"AP {one}", capabilities=capabilities(one))
        for one in serials
    )
    rows = AccessPoint.objects.filter(serial__in=serials)
    Configuration.objects.bulk_create(Configuration(access_point=row, wanted_revision=1) for row in rows)


def capabilities(serial: str) -> dict[str, object]:
    network = {"lan": ["eth1"], "wan": ["eth0"]}
    return {"model": "EAP101", "macaddr": {"wan": serial}, "network": network, "wifi": RADIOS}


def change(network: Network) -> None:
    network.refresh_from_db()
    wanted = network.intent()
    first, *others = wanted.ssids
    ssids = (msgspec.structs.replace(first, name="Renamed"), *others)
    network.revise(None, msgspec.structs.replace(wanted, ssids=ssids))


@contextmanager
def measured(what: str, count: int) -> Iterator[None]:
    statements = Statements()
    with connection.execute_wrapper(statements):
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    each = statements.count * 1000 / count
    print(
        f"{what:<20} {count} access points: {cpu:.2f} s CPU ({cpu / count * 1e6:.0f} us each), "
        f"{wall:.2f} s wall, {each:.1f} statements per 1,000"
    )


class Statements:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        self.count += 1
        return execute(sql, params, many, context)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
