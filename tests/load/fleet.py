"""``python -m tests.load.fleet URL``: simulated access points that dial, report and wait as they are asked.

All of one model, quick and silent: no events, no health checks, each state sent many times, so that
the generator costs as little as it can. Times are of the system's monotonic clock.
"""

import asyncio
import resource
import sys
import time
from dataclasses import replace
from random import Random
from typing import Any

import uvloop

from devices.simulation.device import Device, Habits
from devices.simulation.figures import Durations
from devices.simulation.fleet import Fleet
from devices.simulation.link import Link
from devices.simulation.options import Options
from tests.load import samples
from tests.load.remote import answer

HARDWARE = samples.TRI_RADIO
FIRST = 0x02AE51000000
AT_ONCE = Habits(apply_seconds=(0.0, 0.0), command_seconds=0.0, clients=1.0)
PING_SECONDS = 10.0  # every one of them pings as often, whatever it says meanwhile
QUIET = Options(
    ramp=0,
    events_every=0,
    health_interval=86_400,
    interval=86_400,
    ping_idle=PING_SECONDS,
    ping_hangup=1.5 * PING_SECONDS,
    repeat_states=10**9,
)
LIMIT = 60.0  # seconds anything may take


def serial(number: int) -> str:
    return f"{FIRST + number:012x}"


class Generator:
    """Every group that was asked to dial, as a fleet of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._fleets: list[Fleet] = []
        self._made = 0

    async def dial(self, count: int, within: float = LIMIT) -> dict[str, Any]:
        """So many more, all at once. Answers when the last of them is connected."""
        devices = [self._device(self._made + n) for n in range(count)]
        self._made += count
        fleet = Fleet(self._url, devices, QUIET)
        self._fleets.append(fleet)
        began = time.monotonic()
        await fleet.start()
        await fleet.until(lambda all_of: all_of.all_connected, within)
        counts = fleet.figures.counts
        return {"began": began, "ended": time.monotonic(), "failed": counts.failed_connects}

    async def leave(self, groups: int) -> dict[str, Any]:
        """So many groups hang up, those who came last first; who dials next is made anew."""
        for _ in range(groups):
            fleet = self._fleets.pop()
            self._made -= len(fleet.devices)
            await fleet.stop()
        return {}

    async def report(self, interval: float) -> dict[str, Any]:
        """The same state every so many seconds from now on, spread over the interval."""
        for fleet in self._fleets:
            fleet.options = replace(fleet.options, interval=interval)
            for link in fleet.links.values():
                link._after(link.device.rng.uniform(0, interval), "state", link._tell_state)
                self._spread_pings(link)
        return {}

    async def renew(self) -> dict[str, Any]:
        """Everybody says a state of this moment now. Making them takes a while; nothing else is done."""
        for fleet in self._fleets:
            for link in fleet.links.values():
                link._repeats = 0
                link._tell_state()
        return {}

    async def forget(self) -> dict[str, Any]:
        """Count from here on: forgets pings and answers what was counted so far."""
        for fleet in self._fleets:
            fleet.figures.ping.newest.clear()
        return await self.figures()

    async def figures(self) -> dict[str, Any]:
        """Sums over all groups; pings in seconds."""
        pings = Durations()
        for fleet in self._fleets:
            pings.newest.extend(fleet.figures.ping.newest)
        counts = [fleet.figures.counts for fleet in self._fleets]
        names = ("connected", "states", "bytes_sent", "applied", "drops", "failed_connects")
        return {name: sum(getattr(one, name) for one in counts) for name in names} | pings.as_dict()

    async def applied(self, times: int) -> dict[str, Any]:
        """Answers when each has applied so many configurations: when the last of them did."""
        for fleet in self._fleets:
            await fleet.until(lambda one: one.figures.counts.applied >= times * len(one.devices), LIMIT)
        return {"ended": time.monotonic()}

    async def end(self) -> None:
        await asyncio.gather(*(fleet.stop() for fleet in self._fleets))

    @staticmethod
    def _spread_pings(link: Link) -> None:
        """They all connected in the same second, and would all ping in the same one."""
        silence = link.device.rng.uniform(0, PING_SECONDS)
        link.last_heard = link.loop.time() - silence
        link._after(PING_SECONDS - silence, "pulse", link._feel_pulse)

    @staticmethod
    def _device(number: int) -> Device:
        return Device(serial(number), HARDWARE, habits=AT_ONCE, rng=Random(number))


async def main(url: str) -> None:
    generator = Generator(url)
    names = ("dial", "leave", "renew", "report", "forget", "figures", "applied")
    try:
        await answer({name: getattr(generator, name) for name in names})
    finally:
        await generator.end()


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1]))
