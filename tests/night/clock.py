"""The rehearsal's clock: the file that the processes read, and its history, to tell what it showed when."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from devices.clock import Rehearsal


class Clock:
    """Runs ``rate`` times as fast as the real one, from ``shows`` on."""

    def __init__(self, path: Path, shows: datetime, rate: float) -> None:
        self.path, self.rate = path, rate
        self.history: list[Rehearsal] = []
        self.jump(shows)

    def jump(self, shows: datetime) -> None:
        """It shows this now. Whoever reads the file meanwhile sees the old or the new one."""
        now = Rehearsal(time.time(), shows.timestamp(), self.rate)
        self.history.append(now)
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps({"at": now.at, "shows": now.shows, "rate": now.rate}))
        draft.replace(self.path)

    def now(self) -> datetime:
        return self.shown(time.time())

    def shown(self, real: float) -> datetime:
        """What it showed at this real moment (Unix seconds)."""
        then = max((one for one in self.history if one.at <= real), key=lambda one: one.at)
        return datetime.fromtimestamp(then.shown(real), UTC)
