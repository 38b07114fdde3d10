"""What a service says to systemd (sd_notify(3)): ready, alive, ending. Without systemd it says nothing.

Console, workers and outposts all use it; it knows none of them.
"""

import logging
import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notifier:
    """``address`` is systemd's socket; after ``watchdog`` seconds without ``ALIVE`` it restarts us."""

    address: str = ""
    watchdog: float | None = None

    def tell(self, *words: str) -> None:
        """Say these; a systemd that does not listen is no reason to fail."""
        if not self.address:
            return
        name = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to_systemd:
                to_systemd.settimeout(1.0)
                to_systemd.sendto("\n".join(words).encode(), name)
        except OSError as error:
            log.warning("systemd not told", extra={"error": str(error)})

    def reloading(self) -> None:
        """Configuration is being read again; ``READY`` ends it."""
        self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def take_notifier(environment: MutableMapping[str, str] = os.environ) -> Notifier:
    """How to speak to systemd, taken out of the environment: no child shall speak for this process."""
    address = environment.pop("NOTIFY_SOCKET", "")
    period = environment.pop("WATCHDOG_USEC", "")
    for_us = environment.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    watchdog = None
    with suppress(ValueError):
        watchdog = int(period) / 1e6 if for_us else None
    return Notifier(address, watchdog or None)
