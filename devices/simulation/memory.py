"""What survives an access point's reboot: configurations by number, and the firmware.

A real client keeps every configuration it was sent in a file named after its number and loads the
highest. Hence every rule here: the highest number ever stored wins, a refused one is used up.
"""

import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FACTORY, RECOVERY = 1, 0
#: The number is a signed 32-bit integer on the device.
HIGHEST_NUMBER = 2**31 - 1


@dataclass(slots=True)
class Memory:
    """`active` is the number in force, `highest` the highest ever stored, `packed` the document."""

    active: int = FACTORY
    highest: int = FACTORY
    packed: bytes = b""
    firmware: str = ""

    @property
    def configuration(self) -> dict[str, Any] | None:
        """The document in force, None for the factory's."""
        return json.loads(zlib.decompress(self.packed)) if self.packed else None

    def is_news(self, uuid: int) -> bool:
        """Whether a push of `uuid` is looked at: not when a number as high was ever stored."""
        return uuid > self.highest

    def adopt(self, uuid: int, document: dict[str, Any]) -> None:
        """`document` is in force from now on."""
        self.active = self.highest = uuid
        self.packed = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 6)

    def spend(self, uuid: int) -> None:
        """`uuid` was refused: the number is used up, what was in force stays so."""
        self.highest = uuid

    def forget(self) -> None:
        """Factory reset: the firmware stays."""
        self.active = self.highest = FACTORY
        self.packed = b""


class Shelf:
    """A directory with one memory per serial, so that a restarted simulator is the same fleet.

    The files hold passphrases as a real flash does: readable by their owner alone.
    """

    def __init__(self, directory: Path):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def load(self, serial: str) -> Memory:
        """The stored memory, a factory-new one when there is none. Raises ValueError on a broken file."""
        path = self._path(serial)
        if not path.exists():
            return Memory()
        try:
            kept = json.loads(path.read_text())
            memory = Memory(int(kept["active"]), int(kept["highest"]), b"", str(kept["firmware"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not a stored memory: {error!r}") from error
        if kept.get("configuration") is not None:
            highest = memory.highest
            memory.adopt(memory.active, kept["configuration"])
            memory.highest = highest
        return memory

    def save(self, serial: str, memory: Memory) -> None:
        """Replaces the file whole: a killed simulator leaves the old or the new one."""
        kept = {
            "active": memory.active,
            "highest": memory.highest,
            "firmware": memory.firmware,
            "configuration": memory.configuration,
        }
        draft = self._path(serial).with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file)
        draft.replace(self._path(serial))

    def _path(self, serial: str) -> Path:
        return self.directory / f"{serial}.json"
