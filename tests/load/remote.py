"""A process of ours that answers questions: one JSON object a line in, one a line out."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self

from tests.servers import _die_with_parent

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 15.0
Answer = Callable[..., Awaitable[dict[str, Any]]]


class RemoteFailed(RuntimeError):
    """The process could not do it, or ended; the message is its own words."""


class Remote:
    """``with Remote("tests.load.fleet", …) as fleet: fleet.ask("dial", count=5)``."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=_die_with_parent,
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def ask(self, question: str, **details: Any) -> dict[str, Any]:
        """Its answer. Raises ``RemoteFailed``."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"ask": question, **details}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RemoteFailed(f"{self._module} ended with code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RemoteFailed(f"{self._module}, asked to {question}: {answer['error']}")
        return answer


async def answer(answers: Mapping[str, Answer]) -> None:
    """The other end: answer until nobody asks any more."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        details = json.loads(line)
        try:
            told = await answers[details.pop("ask")](**details)
        except TimeoutError as error:
            told = {"error": str(error)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
