"""One stack of real processes and one fleet, shared by the fault tests of a worker."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from devices.simulation.device import Device, Habits
from devices.simulation.fleet import Fleet
from devices.simulation.hardware import CATALOGUE
from devices.simulation.options import Options
from devices.simulation.thread import FleetThread
from tests.stack import FIRST_SERIAL, Browser, Stack, running_stack

ACCESS_POINTS = 25
CONVERGED_WITHIN = 120.0  # seconds from the restart of whatever was killed
_numbers = count(1)


@dataclass
class Scene:
    """A stack, its customer's browser, and the access points as they see themselves."""

    stack: Stack
    browser: Browser
    fleet: FleetThread

    def open_ssid(self) -> None:
        """To the form of the first network's first SSID."""
        self.browser.go("/")
        self.browser.follow_link("/networks/\\d+/$")
        self.browser.follow_link("/wifi/\\d+/$")

    def propose(self) -> str:
        """Fill in a new passphrase, up to the Review page; returns the passphrase."""
        passphrase = f"fault test number {next(_numbers)}"
        self.open_ssid()
        self.browser.fill(passphrase=passphrase)
        return passphrase

    def wait_until_on_air(self, passphrase: str, timeout: float = CONVERGED_WITHIN) -> None:
        """Every access point of the first network runs it."""

        def everywhere(fleet: Fleet) -> bool:
            return all(passphrase in passphrases(device) for device in self.network(fleet))

        self.fleet.wait_until(everywhere, timeout)

    @staticmethod
    def network(fleet: Fleet) -> list[Device]:
        """The demo deals its access points out to three networks; the first has every third."""
        return list(fleet.devices.values())[::3]


def passphrases(device: Device) -> set[str]:
    interfaces = device.configuration.get("interfaces", [])
    ssids = [ssid for interface in interfaces for ssid in interface.get("ssids", [])]
    return {ssid["encryption"].get("key", "") for ssid in ssids}


@pytest.fixture(scope="session")
def scene() -> Iterator[Scene]:
    with running_stack(ACCESS_POINTS) as stack, FleetThread(fleet(stack)) as running:
        running.wait_until(lambda all_of: all("Lento Staff" in d.ssids for d in all_of.devices.values()), 120)
        yield Scene(stack, Browser(stack.url), running)


def fleet(stack: Stack) -> Fleet:
    """Quick access points: what is measured is Aerie, not their patience."""
    habits = Habits(apply_seconds=(0.01, 0.05), command_seconds=0.01)
    first = int(FIRST_SERIAL, 16)
    devices = [
        Device(f"{first + n:012x}", CATALOGUE[n % len(CATALOGUE)], habits=habits)
        for n in range(ACCESS_POINTS)
    ]
    return Fleet(stack.outpost_url, devices, Options(reconnect=0.05, interval=2, connect_limit=600))
