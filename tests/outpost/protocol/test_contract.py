"""docs/protocol.md is the wire contract: every message shown there is understood, or is what we send."""

import json
import re
from pathlib import Path

import pytest

from outpost.protocol.allowance import BURST, PER_SECOND
from outpost.protocol.codec import MAX_FRAME, MAX_INFLATED, decode
from outpost.protocol.messages import NOTED_METHODS, Connect, State, Unknown, command, configure
from outpost.protocol.session import IDLE_SECONDS, MOST_ERRORS

CONTRACT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()


def shown(direction):
    """The messages of one direction."""
    return re.findall(rf"```json {direction}-access-point\n(.*?)\n```", CONTRACT, re.DOTALL)


@pytest.mark.parametrize("text", shown("from"))
def test_what_an_access_point_says_is_understood(text):
    assert not isinstance(decode(text.encode()), Unknown)


def test_every_kind_of_message_is_shown():
    kinds = {type(decode(text.encode())).__name__ for text in shown("from")}
    assert kinds == {"Connect", "State", "HealthCheck", "Log", "Event", "Result", "Noted"}
    assert Connect.__name__ in kinds


def test_the_compressed_state_inflates():
    states = [decode(text.encode()) for text in shown("from") if "compress_64" in text]
    assert states == [State("903cb3aabb01", 1700000000, b'{"unit":{}}')]


@pytest.mark.parametrize("text", shown("to"))
def test_what_we_say_is_what_we_send(text):
    frame = json.loads(text)
    params = frame["params"]
    if frame["method"] == "configure":
        uuid = params["config"].pop("uuid")
        document = json.dumps(params["config"], separators=(",", ":")).encode()
        assert configure(frame["id"], params["serial"], uuid, document).decode() == text
        return
    params = {key: value for key, value in params.items() if key not in ("serial", "when")}
    assert command(frame["id"], frame["method"], "903cb3aabb01", params).decode() == text


@pytest.mark.parametrize("method", sorted(NOTED_METHODS - {"radius"}))
def test_methods_of_no_use_are_named(method):
    assert f"`{method}`" in CONTRACT


def test_the_limits_are_the_real_ones():
    assert f"{MAX_FRAME:,} bytes" in CONTRACT
    assert f"| what it inflates to | {MAX_INFLATED // 1024**2} MiB;" in CONTRACT
    assert f"{BURST:.0f} at once, {PER_SECOND:.0f} a second" in CONTRACT
    assert f"{MOST_ERRORS - 1} | the tenth closes" in CONTRACT
    assert f"after {IDLE_SECONDS:.0f} s without any sign of life" in CONTRACT
