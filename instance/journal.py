"""The journal of this instance, followed from where it was left. The journal itself is the buffer:
while nobody reads, journalctl waits, and nothing grows in memory here.
"""

import contextlib
import json
import logging
import os
import selectors
import subprocess
import time
from pathlib import Path
from typing import Any

JOURNALCTL = "/usr/bin/journalctl"
READ = 65_536  # bytes at once
FAILED_PAUSE = 1.0  # seconds after a journalctl that ended without a word
LONGEST_LINE = 4_194_304  # bytes; beyond it an entry is dropped, and said so
log = logging.getLogger(__name__)


class Journal:
    """``entries`` gives what came; ``mark`` remembers how far it was taken care of."""

    def __init__(self, place: Path, program: tuple[str, ...] = (JOURNALCTL,)) -> None:
        self._place, self._program = place, program
        self._follower: subprocess.Popen[bytes] | None = None
        self._selector = selectors.DefaultSelector()
        self._rest = b""
        self._heard = False

    def entries(self, seconds: float) -> list[dict[str, Any]]:
        """What came within these seconds; as soon as anything did, with all that is there."""
        if self._follower is None:
            self._follow()
        if not self._selector.select(seconds):
            return []
        assert self._follower is not None
        assert self._follower.stdout is not None
        read = os.read(self._follower.stdout.fileno(), READ)
        if not read:
            self._lost()
            return []
        return self._parsed(read)

    def mark(self, cursor: str) -> None:
        """Everything up to here was shipped; the next start goes on after it."""
        fresh = self._place.with_suffix(".new")
        fresh.write_text(cursor)
        fresh.replace(self._place)

    def close(self) -> None:
        if self._follower is not None and self._follower.stdout is not None:
            self._selector.unregister(self._follower.stdout)
            self._follower.terminate()
            self._follower.stdout.close()
            self._follower.wait()
        self._follower = None

    def _follow(self) -> None:
        """After the mark; without one from the beginning: the journal is in memory, it has this boot alone.

        The directory is named because --follow would otherwise ask /proc which boot this is, and a
        /proc of the unit's own tells it nothing, or in a container the host's.
        """
        since = ["--directory=/run/log/journal"]
        with contextlib.suppress(OSError):
            since.append(f"--after-cursor={self._place.read_text().strip()}")
        words = [*self._program, "--follow", "--no-tail", "--quiet", "--all", "--output=json", *since]
        self._follower = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)  # noqa: S603
        self._rest, self._heard = b"", False
        self._selector.register(self._follower.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]

    def _lost(self) -> None:
        """journalctl ended. At once, with a mark: it cannot find the place, and is not asked for it again."""
        heard = self._heard
        self.close()
        if heard:
            return
        time.sleep(FAILED_PAUSE)
        if self._place.exists():
            log.error(
                "the journal does not know our place in it any more; beginning with the first line there is"
            )
            self._place.unlink()

    def _parsed(self, read: bytes) -> list[dict[str, Any]]:
        *lines, self._rest = (self._rest + read).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            log.error("an entry of more than %d bytes is not shipped", LONGEST_LINE)
            self._rest = b""
        found = [entry for line in lines if (entry := _entry(line)) is not None]
        self._heard = self._heard or bool(found)
        return found


def _entry(line: bytes) -> dict[str, Any] | None:
    """None for what is no entry, such as the rest of one that was too long."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and {"__CURSOR", "__REALTIME_TIMESTAMP"} <= entry.keys() else None
