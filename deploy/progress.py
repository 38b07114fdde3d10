"""What the person who deploys sees: a bar for each step on a terminal, plain lines elsewhere (CI, a log)."""

import sys
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Shown(Protocol):
    """One way of showing a deploy. ``at`` takes percent, 0 to 100."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None: ...
    def begin(self, step: str) -> None: ...
    def at(self, percent: float, words: str = "") -> None: ...
    def end(self, words: str = "done") -> None: ...
    def say(self, words: str) -> None: ...


class Lines:
    """A line when something changed, none when not: a log of hours stays short."""

    def __init__(self, out: TextIO) -> None:
        self.out, self.step, self._last = out, "", ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.out.flush()

    def begin(self, step: str) -> None:
        self.step, self._last = step, ""
        self.say(f"{step} …")

    def at(self, percent: float, words: str = "") -> None:
        line = f"{self.step}: {percent:.0f} % {words}".rstrip()
        if line != self._last:
            self.say(line)
        self._last = line

    def end(self, words: str = "done") -> None:
        self.say(f"{self.step}: {words}")

    def say(self, words: str) -> None:
        self.out.write(words + "\n")
        self.out.flush()


class Bars:
    """rich's progress bars, one below the other."""

    def __init__(self, out: TextIO) -> None:
        columns = TextColumn("{task.description:<22}"), BarColumn(), TextColumn("{task.fields[words]}")
        self.bars = Progress(*columns, TimeElapsedColumn(), console=Console(file=out))
        self.task: TaskID | None = None

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.bars.stop()

    def begin(self, step: str) -> None:
        self.task = self.bars.add_task(step, total=None, words="")

    def at(self, percent: float, words: str = "") -> None:
        if self.task is not None:
            self.bars.update(self.task, total=100, completed=percent, words=words)

    def end(self, words: str = "done") -> None:
        self.at(100, words)
        if self.task is not None:
            self.bars.stop_task(self.task)

    def say(self, words: str) -> None:
        self.bars.console.print(words, markup=False, highlight=False)


def shown_on(out: TextIO | None = None) -> Shown:
    """Bars where somebody watches."""
    out = out or sys.stdout
    return Bars(out) if out.isatty() else Lines(out)
