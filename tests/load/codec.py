"""Decoding: a frame to a typed message whose state stays raw, beside decoding everything in it."""

import base64
import json
import zlib
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from outpost.protocol import codec
from outpost.protocol.actions import Action, Report
from outpost.protocol.messages import State
from outpost.protocol.session import Session
from tests.load import samples
from tests.load.findings import Findings, Table
from tests.load.turns import ROUNDS, take_turns

MESSAGES = 10_000  # per round
COLUMNS = (
    *("state", "decode", "decode and decide", "msgspec to dict", "json to dict"),
    *("decode ÷ msgspec", "decode ÷ json"),
)


def measure(scale: float = 1.0) -> Findings:
    messages = max(10, int(MESSAGES * scale))
    cases = [
        (f"{len(samples.plain(params)):,} bytes, {form.__name__}", form(params))
        for params in (samples.small_state(), samples.large_state())
        for form in (samples.plain, samples.compress_64)
    ]
    rows = [_row(name, frame, messages) for name, frame in cases]
    sample = f"µs of CPU per message; {messages:,} messages a round, {ROUNDS} rounds: median (least–most)."
    return Findings(sample, [Table(COLUMNS, rows)])


def _row(name: str, frame: bytes, messages: int) -> tuple[object, ...]:
    assert isinstance(codec.decode(frame), State)
    hears = hearing()
    assert any(isinstance(action, Report) for action in hears(frame))
    spreads = take_turns(
        {
            "ours": lambda: _again(messages, frame, codec.decode),
            "session": lambda: _again(messages, frame, hears),
            "msgspec": lambda: _again(messages, frame, msgspec_to_dict),
            "json": lambda: _again(messages, frame, json_to_dict),
        },
        messages,
    )
    ours, session, floor, stdlib = spreads.values()
    return name, ours, session, floor, stdlib, ours.times(floor), ours.times(stdlib)


def _again(times: int, frame: bytes, decode: Callable[[bytes], object]) -> None:
    for _ in range(times):
        decode(frame)


def hearing() -> Callable[[bytes], list[Action]]:
    """What a registered session does with a frame, one a minute: decoding, checking, deciding."""
    session = Session(lambda serial: True, address="127.0.0.1", outpost="bench", now=0.0)
    session.receive(samples.connect(), 0.0)
    session.registered(1)
    minutes = count(1)
    return lambda frame: session.receive(frame, 60.0 * next(minutes))


def msgspec_to_dict(frame: bytes) -> Any:
    """The params of a frame, all of them, without limits or checks."""
    return _params(frame, msgspec.json.decode)


def json_to_dict(frame: bytes) -> Any:
    """As ``msgspec_to_dict`` with the standard library."""
    return _params(frame, json.loads)


def _params(frame: bytes, decode: Callable[[bytes], Any]) -> Any:
    params = decode(frame)["params"]
    if "compress_64" in params:
        return decode(zlib.decompress(base64.b64decode(params["compress_64"])))
    return params
