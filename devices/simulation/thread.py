"""A fleet in a thread of its own, for tests that drive something else meanwhile."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from devices.simulation.device import Device
from devices.simulation.fleet import Fleet, Predicate

T = TypeVar("T")
LONG = 60.0  # seconds until a test gives up waiting; it usually takes milliseconds


class FleetThread:
    """`with FleetThread(fleet) as running:` plays the fleet; leaving the block ends it.

    The waiting methods return as soon as what they await is so; none sleeps. They raise TimeoutError,
    whose words hold the fleet's figures.
    """

    def __init__(self, fleet: Fleet):
        self.fleet = fleet
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fleet", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.call(self.fleet.start())
        return self

    def __exit__(self, *failure: object) -> None:
        self.call(self.fleet.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs `work` in the fleet's loop and answers its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def device(self, serial: str) -> Device:
        return self.fleet.device(serial)

    def wait_until(self, predicate: Predicate, timeout: float = LONG) -> None:
        """`predicate(fleet)` is looked at, in the fleet's thread, after every change of a device."""
        self.call(self.fleet.until(predicate, timeout))

    def wait_connected(self, *serials: str, timeout: float = LONG) -> None:
        """All of `serials` are connected; every device, when none is named."""
        wanted = serials or tuple(self.fleet.devices)
        self.wait_until(lambda fleet: all(fleet.is_connected(serial) for serial in wanted), timeout)

    def wait_for_uuid(self, serial: str, uuid: int, timeout: float = LONG) -> None:
        """Configuration number `uuid` or a higher one is in force."""
        self.wait_until(lambda fleet: fleet.device(serial).uuid >= uuid, timeout)

    def wait_for_ssid(self, serial: str, name: str, timeout: float = LONG) -> None:
        """An SSID called `name` is on air."""
        self.wait_until(lambda fleet: name in fleet.device(serial).ssids, timeout)

    def wait_for_ssid_gone(self, serial: str, name: str, timeout: float = LONG) -> None:
        self.wait_until(lambda fleet: name not in fleet.device(serial).ssids, timeout)
