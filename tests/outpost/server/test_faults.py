"""kill -9 of a worker, of all of the outpost, of the live store: afterwards everything is as wanted."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from websockets.exceptions import WebSocketException

from outpost.store.contract import StoreUnavailable
from tests.outpost.running import LONG, ROOT, AccessPoint, Console, eventually

FLEET = [f"{number:012x}" for number in range(1, 26)]


class Persistent(threading.Thread):
    """An access point that dials again whenever it lost its connection, and applies what it is sent.

    It keeps its number, as a device does. ``slow`` seconds pass before it answers.
    """

    def __init__(self, outpost, serial, *, slow=0.0):
        super().__init__(daemon=True)
        self.outpost, self.serial, self.slow = outpost, serial, slow
        self.uuid, self.connections, self.over = 1, 0, False

    def run(self):
        while not self.over:
            try:
                with AccessPoint(self.outpost.port, self.serial, open_timeout=5) as access_point:
                    self.connections += 1
                    access_point.connect(self.uuid)
                    self.serve(access_point)
            except (OSError, EOFError, WebSocketException):
                time.sleep(0.05)

    def serve(self, access_point):
        while not self.over:
            try:
                frame = access_point.hear(0.3)
            except TimeoutError:
                access_point.state(self.uuid)
                continue
            time.sleep(self.slow)
            self.uuid = max(self.uuid, frame["params"]["uuid"])
            access_point.answer(frame, uuid=self.uuid)


@pytest.fixture
def fleet(own_outpost):
    """25 access points on the test's own service, two workers."""
    own_outpost.environment["OUTPOST_WORKERS"] = "2"
    own_outpost.start()
    access_points = [Persistent(own_outpost, serial, slow=0.05) for serial in FLEET]
    for one in access_points:
        one.start()
    yield access_points
    for one in access_points:
        one.over = True
    for one in access_points:
        one.join(timeout=10)


@pytest.fixture
def console(own_live_server, fleet):
    """The monolith; every access point is claimed and connected."""
    console = Console(own_live_server.url)
    eventually(lambda: all(one.connected for one in console.store.reported(FLEET)))
    want_all(console, 10)
    eventually(lambda: applied(console, 10))
    return console


def want_all(console, uuid):
    """Save: another configuration for everybody. As publishing does, again until the store takes it."""
    for serial in FLEET:
        eventually(lambda serial=serial: put(console, serial, uuid))


def put(console, serial, uuid):
    try:
        console.want(serial, uuid)
    except StoreUnavailable:
        return False
    return True


def applied(console, uuid):
    """Whether the store knows that everybody runs it."""
    try:
        return all(one.uuid == uuid and one.connected for one in console.store.reported(FLEET))
    except StoreUnavailable:
        return False


def told(console, uuid):
    """Whether the facts say that everybody applied it, or arrived with it."""
    return all(
        any(kind in ("applied", "connected") and data["uuid"] == uuid for kind, data in console.facts(serial))
        for serial in FLEET
    )


def test_a_killed_worker_is_replaced_and_everybody_gets_the_configuration(own_outpost, console, fleet):
    before = own_outpost.workers()
    want_all(console, 20)
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: applied(console, 20))
    eventually(lambda: told(console, 20))
    after = eventually(lambda: len(own_outpost.workers()) == 2 and own_outpost.workers())
    assert before[0] not in after
    assert before[1] in after


def test_killed_altogether_and_started_again_everybody_gets_the_configuration(own_outpost, console, fleet):
    want_all(console, 20)
    workers = own_outpost.workers()
    own_outpost.kill()
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers))
    own_outpost.start()
    eventually(lambda: applied(console, 20))
    eventually(lambda: told(console, 20))


def test_the_store_killed_in_mid_push_and_rebuilt_everybody_gets_it_over_the_same_connection(
    own_live_server, own_outpost, console, fleet
):
    connections = [one.connections for one in fleet]
    want_all(console, 20)
    own_live_server.kill()
    time.sleep(1)
    own_live_server.start()
    want_all(console, 20)  # what rebuild_live_store does
    eventually(lambda: applied(console, 20))
    eventually(lambda: told(console, 20))
    assert [one.connections for one in fleet] == connections, own_outpost.failures


def test_while_the_store_is_away_connections_are_kept_new_ones_taken_and_nothing_is_lost(
    own_live_server, own_outpost, console, fleet
):
    own_live_server.kill()
    eventually(lambda: own_outpost.ask("/readyz")[0] == 503)
    assert own_outpost.ask("/livez")[0] == 200
    with AccessPoint(own_outpost.port, "0000000000aa") as newcomer:
        newcomer.connect().state()
        time.sleep(1)
        own_live_server.start()
        want_all(console, 20)
        console.want("0000000000aa", 20)
        assert newcomer.hear()["params"]["uuid"] == 20
        newcomer.state()  # the first may have come to the store before the claim, and is not kept then
        eventually(lambda: console.reported("0000000000aa").state)
    eventually(lambda: applied(console, 20))


def test_told_to_end_it_closes_everybody_and_says_so(own_outpost, console, fleet):
    for one in fleet:
        one.over = True
    with AccessPoint(own_outpost.port, "0000000000aa") as access_point:
        access_point.connect()
        eventually(lambda: console.reported("0000000000aa").connected)
        assert own_outpost.terminate() == 0
        assert access_point.ended() == "draining"
    assert not any(one.connected for one in console.store.reported([*FLEET, "0000000000aa"]))


def test_while_it_drains_it_is_not_ready_and_takes_nobody_new(own_outpost):
    own_outpost.environment["OUTPOST_DRAIN_GRACE_SECONDS"] = "5"  # to come by and see that it is not ready
    own_outpost.start()
    held = [AccessPoint(own_outpost.port, f"{number:012x}").connect() for number in range(100)]
    own_outpost.process.send_signal(signal.SIGTERM)
    eventually(lambda: own_outpost.ask("/readyz") == (503, "draining\n"))
    eventually(lambda: '"event":"draining"' in own_outpost.log.read_text())
    with pytest.raises((OSError, EOFError, WebSocketException)):  # refused, or hung up on amid the handshake
        AccessPoint(own_outpost.port, "0000000000aa")
    began = time.monotonic()
    reasons = {one.ended() for one in held}
    assert reasons == {"draining"}
    assert time.monotonic() - began < 15  # few need not take all the time there is


def test_a_nudge_nobody_understands_costs_nobody_their_connection(own_live_server, own_outpost):
    own_outpost.start()
    console, before = Console(own_live_server.url), own_outpost.workers()
    console.want("0000000000aa", 10)
    with AccessPoint(own_outpost.port, "0000000000aa") as access_point:
        first = access_point.connect().hear()
        access_point.answer(first, uuid=10)
        channel = f"aerie:n:{console.reported('0000000000aa').outpost}"
        console.store._client.publish(channel, b"\xff")  # nobody of ours says that
        console.want("0000000000aa", 20)
        assert access_point.hear()["params"]["uuid"] == 20
    assert own_outpost.workers() == before


def test_killing_the_parent_leaves_no_orphans(own_outpost):
    own_outpost.start()
    workers = own_outpost.workers()
    own_outpost.kill()
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers))


def test_a_taken_port_is_said_in_words(own_outpost):
    own_outpost.start()
    second = subprocess.run(
        [sys.executable, "-m", "outpost"],
        cwd=ROOT,
        env=own_outpost.environment,
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert second.returncode == 1
    assert "cannot start" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_directory_given_for_metrics_is_left_where_it_is(own_outpost, tmp_path):
    (tmp_path / "somebody's").write_text("file")
    own_outpost.environment["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path)
    assert own_outpost.start().terminate() == 0
    assert (tmp_path / "somebody's").exists()


def test_wrong_settings_are_said_in_words():
    env = {"PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [sys.executable, "-m", "outpost"], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert "OUTPOST_STORE is not set" in ended.stderr


def test_the_outpost_needs_neither_django_nor_the_other_rooms():
    program = (
        "import sys; import outpost.__main__, outpost.supervisor, outpost.store.opening;"
        "rooms = {'django', 'MySQLdb', 'rq', 'boto3', 'accounts', 'devices', 'jobs', 'console'};"
        "sys.exit(', '.join(rooms & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
