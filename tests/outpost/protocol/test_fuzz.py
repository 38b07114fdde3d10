"""Whatever arrives, in whatever order: an answer in our own terms, never another exception."""

import contextlib
import json
from collections.abc import Iterable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from outpost.protocol.actions import Action, Append, Close, Report, Send
from outpost.protocol.codec import ProtocolError, decode
from outpost.protocol.messages import MAX_NUMBER, Message, normalise_serial
from outpost.protocol.session import MOST_ERRORS, MOST_HELD
from outpost.store.contract import DesiredVersion, PendingCommand
from tests.outpost.protocol.frames import SAMPLES, SERIAL, compressed, connect, event, result, said, state
from tests.outpost.protocol.told import NOW, new_session

RECORDED = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]
METHODS = ["connect", "state", "healthcheck", "log", "event", "telemetry", "deviceupdate", "x"]
KEYS = st.sampled_from(
    ["serial", "uuid", "state", "sanity", "data", "event", "log", "capabilities", "status"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(SERIAL),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=4),
    max_leaves=12,
)
UUIDS = st.integers(0, 60) | st.integers(0, MAX_NUMBER)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(METHODS) | VALUES,
        "params": st.dictionaries(KEYS, VALUES, max_size=6) | VALUES,
        "id": st.integers(-1, 300) | VALUES,
        "result": st.dictionaries(KEYS, VALUES, max_size=4) | VALUES,
        "error": VALUES,
    },
)


@st.composite
def damaged(draw):
    """A recorded frame with a slice replaced by anything."""
    frame = draw(st.sampled_from(RECORDED))
    start = draw(st.integers(0, len(frame)))
    return frame[:start] + draw(st.binary(max_size=12)) + frame[start + draw(st.integers(0, 40)) :]


ANYTHING = (
    st.binary(max_size=400)
    | damaged()
    | ENVELOPES.map(lambda value: json.dumps(value).encode())
    | st.builds(compressed, st.sampled_from(METHODS), st.binary(max_size=300) | damaged())
)


@settings(max_examples=1500, deadline=None)
@given(ANYTHING)
def test_the_codec_knows_messages_and_protocol_errors_only(data):
    with contextlib.suppress(ProtocolError):
        assert isinstance(decode(data), Message)


@settings(max_examples=300)
@given(st.text(max_size=30))
def test_a_serial_is_normal_or_refused(text):
    try:
        serial = normalise_serial(text)
    except ValueError:
        return
    assert normalise_serial(serial) == serial
    assert len(serial) == 12


class Conversation(RuleBasedStateMachine):
    """An access point that says anything, a store that answers anything, and a clock."""

    def __init__(self):
        super().__init__()
        self.session = new_session()
        self.now = NOW
        self.ids = [1]
        self.ended = False

    def check(self, actions: Iterable[Action]) -> None:
        """What every action must be, whatever led to it."""
        for action in actions:
            assert not self.ended, "spoke after the end"
            if isinstance(action, Send):
                frame = json.loads(action.frame)
                self.ids.append(frame["id"])
            elif isinstance(action, Append):
                assert self.session.phase in ("live", "over")
                msgspec.json.encode(action.data)
            elif isinstance(action, Report):
                assert action.seen.session == self.session.number > 0
            self.ended |= isinstance(action, Close)

    @rule(data=ANYTHING)
    def hear_anything(self, data):
        self.check(self.session.receive(data, self.now))

    @rule(uuid=UUIDS)
    def hear_connect(self, uuid):
        self.check(self.session.receive(connect(uuid), self.now))

    @rule(uuid=UUIDS)
    def hear_state(self, uuid):
        self.check(self.session.receive(state(uuid), self.now))

    @rule(at=st.floats(0, 2e9), method=st.sampled_from(METHODS))
    def hear_more(self, at, method):
        self.check(self.session.receive(event(at), self.now))
        self.check(self.session.receive(said(method), self.now))

    @rule(data=st.data(), error=st.integers(-1, 3), uuid=UUIDS)
    def hear_result(self, data, error, uuid):
        id = data.draw(st.sampled_from(self.ids) | st.integers(0, 200))
        self.check(self.session.receive(result(id, error, uuid=uuid), self.now))

    @rule(number=st.integers(1, 9))
    def store_registers(self, number):
        if self.session.phase == "registering" and not self.session.number:
            self.check(self.session.registered(number))

    @rule(uuid=UUIDS, commands=st.integers(0, 2))
    def store_compares(self, uuid, commands):
        self.check(self.session.compared(DesiredVersion(uuid, "h", "n", commands), self.now))

    @rule()
    def store_knows_no_claim(self):
        self.check(self.session.compared(None, self.now))

    @rule()
    def store_was_lost(self):
        self.check(self.session.register_again())

    @rule(uuid=UUIDS)
    def store_has_a_document(self, uuid):
        before = self.session.orders.versions.reported
        actions = self.session.push(uuid, b'{"unit":{}}', self.now)
        if any(isinstance(action, Send) for action in actions):
            assert 0 < before < uuid
        self.check(actions)

    @rule(count=st.integers(0, 1), timeout=st.floats(0, 100))
    def store_has_commands(self, count, timeout):
        one = PendingCommand(SERIAL, 5, "reboot", {}, self.now + 50, timeout)
        self.check(self.session.run([one] * count, self.now))

    @rule(seconds=st.floats(0, 700))
    def time_passes(self, seconds):
        self.now += seconds
        self.check(self.session.tick(self.now))

    @rule()
    def ping(self):
        if not self.ended:
            self.check(self.session.pinged(self.now))

    @invariant()
    def nothing_grows_without_bound(self):
        assert len(self.session._held) <= MOST_HELD
        assert self.session.errors <= MOST_ERRORS


Conversation.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_any_conversation_stays_within_the_rules = Conversation.TestCase
