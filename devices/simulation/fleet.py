"""Many pretend access points in one event loop: ramp-up, observers, alarms, an orderly end."""

import asyncio
import gc
from collections.abc import Callable, Iterable

from devices.simulation.configuration import ALREADY_APPLIED, APPLIED_WITH_REJECTS, REFUSED
from devices.simulation.device import Configured, Device
from devices.simulation.figures import Figures
from devices.simulation.identity import Identity
from devices.simulation.link import Link
from devices.simulation.memory import Shelf
from devices.simulation.options import Options

ENDED, CANNOT_CONNECT, DROPPED_EARLY = 0, 3, 4

Predicate = Callable[["Fleet"], bool]


class Fleet:
    """Pretend access points at one outpost.

    `await run()` plays until `end()` is called and answers the exit code; `start()` and `stop()` are
    its halves. `figures` counts, `alarms` holds what went wrong in words, `tell` receives both the
    alarms and other news as lines.
    """

    def __init__(
        self,
        url: str,
        devices: Iterable[Device],
        options: Options | None = None,
        *,
        identity: Identity | None = None,
        shelf: Shelf | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ):
        self.url = url
        self.devices = {device.serial: device for device in devices}
        self.options = options or Options()
        self.identity = identity or Identity()
        self.shelf = shelf
        self.tell = tell
        self.figures = Figures()
        self.figures.counts.devices = len(self.devices)
        self.links: dict[str, Link] = {}
        self.alarms: list[str] = []
        self.exit_code = ENDED
        self._alarmed: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._awaited: list[tuple[Predicate, asyncio.Future[None]]] = []
        self._is_looking = False
        self._ended = asyncio.Event()

    def device(self, serial: str) -> Device:
        """The device with this serial. Raises KeyError."""
        return self.devices[serial]

    def is_connected(self, serial: str) -> bool:
        return serial in self.links and self.links[serial].is_connected

    @property
    def all_connected(self) -> bool:
        return self.figures.counts.connected == len(self.devices)

    async def run(self, duration: float | None = None) -> int:
        """Plays until `end()`, for at most `duration` seconds; answers the exit code."""
        await self.start()
        try:
            await asyncio.wait_for(self._ended.wait(), duration)
        except TimeoutError:
            pass
        finally:
            await self.stop()
        return self.exit_code

    def end(self) -> None:
        """Lets `run` come to its end. Call it from the loop's thread."""
        self._ended.set()

    async def start(self) -> None:
        """Begins to connect and returns at once."""
        loop = asyncio.get_running_loop()
        self.links = {serial: Link(device, self, loop) for serial, device in self.devices.items()}
        self._tasks = [asyncio.create_task(self._ramp_up()), asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        """Closes every connection and waits until they are closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._judge_end()
        for link in self.links.values():
            link.power_off()
        for _ in range(100):  # closing handshakes: at most 5 s
            if self.figures.counts.connected == 0:
                return
            await asyncio.sleep(0.05)

    async def _ramp_up(self) -> None:
        """Powers devices on, `ramp` a second; the clock, not the loop, sets the pace."""
        loop = asyncio.get_running_loop()
        began, ramp = loop.time(), self.options.ramp
        for count, link in enumerate(self.links.values()):
            if ramp:
                await asyncio.sleep(max(0.0, began + count / ramp - loop.time()))
            elif count % 500 == 499:
                await asyncio.sleep(0)
            link.power_on()
        if len(self.links) >= 1000:  # a full collection of a large fleet stops it for half a second
            gc.collect()
            gc.freeze()

    async def _watch(self) -> None:
        """Raises the alarm for devices that are down for longer than the limit."""
        while True:
            await asyncio.sleep(min(1.0, self.options.connect_limit / 4))
            late = [link for link in self._late() if link.device.serial not in self._alarmed]
            if late:
                self._alarmed.update(link.device.serial for link in late)
                self._alarm(CANNOT_CONNECT, _cannot_connect(late, self.options.connect_limit))

    def _late(self) -> list[Link]:
        limit = asyncio.get_running_loop().time() - self.options.connect_limit
        return [
            link for link in self.links.values() if link.down_since is not None and link.down_since < limit
        ]

    def _alarm(self, code: int, words: str) -> None:
        self.alarms.append(words)
        self.tell(f"ALARM: {words}")
        if self.options.strict:
            self.exit_code = self.exit_code or code
            self.end()

    def _judge_end(self) -> None:
        """Without `strict` an alarm ends nothing; who is still not connected at the end counts."""
        if self._late() and self.exit_code == ENDED:
            self.exit_code = CANNOT_CONNECT

    # What links report

    def changed(self, device: Device) -> None:
        """Something happened to a device (see `until`): whoever awaits something looks again."""
        if self.is_connected(device.serial):
            self._alarmed.discard(device.serial)
        if self._awaited and not self._is_looking:
            self._is_looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def configured(self, device: Device, outcome: Configured) -> None:
        """A push was dealt with."""
        self._count(outcome)
        self.keep(device)
        for observer in device.observers:
            observer(device, outcome)
        self.changed(device)

    def _count(self, outcome: Configured) -> None:
        counts = self.figures.counts
        self.figures.push.add(outcome.seconds)
        if outcome.verdict.error == REFUSED:
            counts.refused += 1
        elif outcome.verdict is ALREADY_APPLIED:
            counts.already_applied += 1
        elif outcome.verdict.error == APPLIED_WITH_REJECTS:
            counts.applied_with_rejects += 1
        else:
            counts.applied += 1

    def keep(self, device: Device) -> None:
        """Writes the device's memory where it outlives this process."""
        if self.shelf is not None:
            self.shelf.save(device.serial, device.memory)

    def dropped(self, link: Link, held: float) -> None:
        """A session ended that the device did not end; `held` is how long it had lasted, in seconds."""
        self.figures.counts.drops += 1
        if held < self.options.early_seconds:
            self.figures.counts.early_drops += 1
            if self.options.strict:
                self._alarm(DROPPED_EARLY, f"{link.device.serial} was dropped {held:.1f} s after connecting")

    def gone(self, device: Device, why: str) -> None:
        """A device will not be heard of again."""
        self.figures.counts.gone += 1
        self.tell(f"{device.serial} is gone: {why}")
        self.changed(device)

    # Awaiting

    async def until(self, predicate: Predicate, timeout: float) -> None:
        """Returns as soon as `predicate(fleet)` holds. Raises TimeoutError after `timeout` seconds.

        It is looked at when a device connects, fails to, is lost, is configured or gets its PONG.
        """
        if predicate(self):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (predicate, future)
        self._awaited.append(entry)
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError:
            raise TimeoutError(f"not within {timeout} s; {self.figures.line()}") from None
        finally:
            self._awaited.remove(entry)

    def _look(self) -> None:
        self._is_looking = False
        for predicate, future in self._awaited:
            if not future.done() and predicate(self):
                future.set_result(None)


def _cannot_connect(late: list[Link], limit: float) -> str:
    named = ", ".join(link.device.serial for link in late[:3]) + (" …" if len(late) > 3 else "")
    error = late[0].last_error or "the ramp has not reached it"
    return f"{len(late)} not connected for {limit:g} s ({named}): {error}"
