"""The whole way over real sockets and a real store: connect, report, push, command."""

import contextlib
import json
import time
from collections import Counter

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from outpost.batches import BATCH_SECONDS
from outpost.store.contract import Desired
from tests.outpost.protocol.frames import compressed, said, sample, state
from tests.outpost.running import LONG, AccessPoint, Console, eventually
from tests.outpost.server.raw import UPGRADE, RawClient

QUIET = 1.0  # seconds; much longer than anything waits before it is written


@pytest.fixture
def claimed(outpost, console, serial):
    """A claimed access point, connected and live."""
    console.want(serial, 0)
    with AccessPoint(outpost.port, serial) as access_point:
        access_point.connect()
        eventually(lambda: console.kinds(serial) == ["connected"])
        yield access_point


def test_a_configuration_arrives_at_once_and_its_answer_comes_back(claimed, console):
    console.want(claimed.serial, 50)
    frame = claimed.hear()  # nobody asks again: it comes now or never
    claimed.answer(frame)
    eventually(lambda: console.facts(claimed.serial)[-1] == ("applied", {"uuid": 50, "rejected": []}))
    assert frame["params"]["config"] == {"uuid": 50, "unit": {"name": "a"}}
    eventually(lambda: console.reported(claimed.serial).uuid == 50)


def test_what_was_wanted_before_it_connected_is_pushed_when_it_does(outpost, console, serial):
    console.want(serial, 50)
    with AccessPoint(outpost.port, serial) as access_point:
        assert access_point.connect(1).hear()["params"]["uuid"] == 50


def test_the_same_number_is_not_pushed(outpost, console, serial):
    console.want(serial, 50)
    with AccessPoint(outpost.port, serial) as access_point:
        access_point.connect(50)
        eventually(lambda: console.kinds(serial) == ["connected"])
        with pytest.raises(TimeoutError):
            access_point.hear(0.2)


def test_a_refusal_comes_back_in_its_own_words(claimed, console):
    console.want(claimed.serial, 50)
    claimed.answer(claimed.hear(), 2, uuid=1, text="no such band", rejected=["radio 6G"])
    kind, data = eventually(lambda: console.facts(claimed.serial)[2:])[0]
    assert (kind, data["text"], data["rejected"]) == ("refused", "no such band", ["radio 6G"])


def test_a_state_is_in_the_store_soon(claimed, console):
    claimed.state(1, state={"unit": {"load": [1, 2, 3]}})
    stored = eventually(lambda: console.reported(claimed.serial).state)
    assert json.loads(stored) == {"unit": {"load": [1, 2, 3]}}


def test_a_compressed_state_is_stored_in_clear(claimed, console):
    params = json.dumps({"serial": claimed.serial, "uuid": 1, "state": {"a": "b" * 60_000}})
    claimed.say(compressed("state", params.encode()))
    assert len(eventually(lambda: console.reported(claimed.serial).state)) > 60_000


def test_a_command_is_sent_once_and_its_answer_comes_back(claimed, console):
    console.order(claimed.serial, 9, "leds", pattern="blink", duration=5)
    frame = claimed.hear()
    claimed.answer(frame, text="Success")
    eventually(lambda: console.kinds(claimed.serial)[1:] == ["command_sent", "command_done"])
    assert frame["params"] == {"pattern": "blink", "duration": 5, "serial": claimed.serial, "when": 0}
    console.order(claimed.serial, 9, "leds", pattern="blink", duration=5)
    with pytest.raises(TimeoutError):
        claimed.hear(0.2)


def test_commands_go_one_at_a_time(claimed, console):
    for id in (11, 12, 13):
        console.order(claimed.serial, id, "reboot")
    frames = []
    for _ in range(3):
        frames.append(claimed.hear())
        claimed.answer(frames[-1])
    eventually(lambda: console.kinds(claimed.serial).count("command_done") == 3)
    done = [data["command"] for kind, data in console.facts(claimed.serial) if kind == "command_done"]
    assert done == [11, 12, 13]


def test_an_unclaimed_one_is_parked_and_adopted_when_claimed(outpost, console, serial):
    with AccessPoint(outpost.port, serial) as access_point:
        access_point.connect().state()
        eventually(lambda: console.reported(serial).last_seen > console.reported(serial).connected_at)
        assert console.facts(serial) == []
        console.want(serial, 50)
        assert access_point.hear()["params"]["uuid"] == 50
        eventually(lambda: console.kinds(serial) == ["connected", "pushed"])
        assert console.reported(serial).state == b""


def test_a_connect_frame_of_a_real_access_point_is_known_in_full(outpost, console):
    console.want("903cb3aabb01", 0)
    with AccessPoint(outpost.port, "903cb3aabb01") as access_point:
        access_point.say(sample("ap-connect"))
        reported = eventually(lambda: console.kinds("903cb3aabb01") and console.reported("903cb3aabb01"))
    assert reported.firmware == "OpenWrt 25.12 / TIP-v4.2.0-test"
    assert (reported.compatible, reported.compress) == ("edgecore_eap101", True)
    assert json.loads(reported.capabilities)["label_macaddr"] == "90:3c:b3:aa:bb:01"


def test_the_end_of_a_connection_is_known(claimed, console):
    claimed.close()
    eventually(lambda: console.facts(claimed.serial)[-1] == ("disconnected", {"code": "closed"}))
    eventually(lambda: not console.reported(claimed.serial).connected)


def test_a_vanished_one_is_lost(claimed, console):
    claimed.socket.socket.close()
    eventually(lambda: console.facts(claimed.serial)[-1] == ("disconnected", {"code": "lost"}))


def test_a_second_connection_replaces_the_first_whichever_worker_it_meets(outpost, console, serial):
    """Several times, so that both connections meet the same worker and different ones."""
    console.want(serial, 0)
    older = AccessPoint(outpost.port, serial).connect()
    for _ in range(8):
        session = eventually(lambda: console.reported(serial).session)
        newer = AccessPoint(outpost.port, serial).connect()
        eventually(lambda session=session: console.reported(serial).session > session)
        speak_unless_ended(older)
        assert older.ended() == "replaced"
        older = newer
    assert console.reported(serial).connected
    older.close()


def speak_unless_ended(access_point):
    """What is sent to who has closed resets the connection, and the reason is lost with it."""
    with contextlib.suppress(ConnectionClosed):
        try:
            access_point.socket.recv(timeout=0.5)
        except TimeoutError:
            access_point.state()


@pytest.mark.parametrize("path", ["/", "/?encoding=text", "/any/where"])
def test_any_path_will_do(outpost, path):
    with connect(f"ws://127.0.0.1:{outpost.port}{path}", compression="deflate", open_timeout=LONG) as socket:
        assert socket.ping().wait(LONG)
        assert socket.protocol.extensions == []


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["ucentral-broker"], "ucentral-broker"), (["x"], None), (None, None)]
)
def test_the_sub_protocol_is_echoed_only_if_offered(outpost, serial, offered, chosen):
    with AccessPoint(outpost.port, serial, subprotocols=offered) as access_point:
        assert access_point.socket.subprotocol == chosen


@pytest.mark.parametrize("said", [b"keep-alive, Upgrade", b"UPGRADE", b"close\r\nConnection: upgrade"])
def test_a_client_may_say_more_of_its_connection(outpost, said):
    request = UPGRADE.replace(b"Connection: Upgrade", b"Connection: " + said)
    with RawClient(outpost.port, request) as client:
        assert client.answer.startswith(b"HTTP/1.1 101 ")


def test_a_fragmented_message_is_joined(claimed, console):
    text = state(1, serial=claimed.serial, state={"a": "x" * 5_000}).decode()
    claimed.socket.send(text[start : start + 100] for start in range(0, len(text), 100))
    assert eventually(lambda: console.reported(claimed.serial).state)


def test_pings_are_answered_and_count_as_signs_of_life(claimed, console):
    seen = console.reported(claimed.serial).last_seen

    def counted():
        assert claimed.socket.ping().wait(LONG)
        return console.reported(claimed.serial).last_seen > seen

    eventually(counted)


def test_a_document_that_cannot_be_opened_is_refused_in_words(claimed, console):
    console.store.put_desired([Desired(claimed.serial, 50, "h", b"nonsense", "n1")])
    console.store.nudge([claimed.serial])
    kind, data = eventually(lambda: console.facts(claimed.serial)[1:])[0]
    assert (kind, data["uuid"]) == ("refused", 50)
    assert "could not be opened" in data["text"]


def calls(outpost):
    """How often each call of the store was made."""
    lines = outpost.ask("/metrics")[1].splitlines()
    counts = [line for line in lines if line.startswith("outpost_store_seconds_count")]
    return Counter({line.split('"')[1]: int(float(line.split()[-1])) for line in counts})


def quiet(outpost):
    """The same, once nothing happens any more."""
    before = calls(outpost)
    time.sleep(QUIET)
    return before if calls(outpost) == before else None


def test_unchanged_check_ins_cost_a_share_of_a_batch_and_nothing_else(outpost, claimed):
    before = eventually(lambda: quiet(outpost))
    began = time.monotonic()
    for _ in range(500):
        claimed.state()
    batches = (time.monotonic() - began) / BATCH_SECONDS
    eventually(lambda: calls(outpost)["seen"] > before["seen"])
    after = eventually(lambda: quiet(outpost))
    assert {name for name in after if after[name] != before[name]} == {"seen"}
    assert after["seen"] - before["seen"] <= 20 + batches


def test_whose_session_ended_and_why_is_logged(own_outpost):
    own_outpost.start()
    with AccessPoint(own_outpost.port, "0000000000ac") as access_point:
        access_point.connect()
        access_point.socket.send(b"binary")
        access_point.ended()
    eventually(lambda: '"serial":"0000000000ac","reason":"binary"' in own_outpost.log.read_text())


def test_nothing_secret_is_logged(own_outpost, own_live_server):
    own_outpost.environment["OUTPOST_LOG_LEVEL"] = "debug"
    own_outpost.start()
    console = Console(own_live_server.url)
    console.want("0000000000aa", 50, b'{"ssids":[{"encryption":{"key":"hunter2"}}]}')
    with AccessPoint(own_outpost.port, "0000000000aa") as access_point:
        access_point.connect(password="hunter2")
        access_point.answer(access_point.hear(), 2, text="hunter2")
        access_point.say(said("deviceupdate", serial=access_point.serial, currentPassword="hunter2"))
        access_point.say(b'{"method":"hunter2"')
        access_point.socket.send(b"hunter2")
        assert access_point.ended() == "binary"
    assert '"serial":"0000000000aa"' in own_outpost.log.read_text()
    assert "hunter2" not in own_outpost.log.read_text()
