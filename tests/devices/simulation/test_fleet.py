"""The fleet against a real WebSocket server."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from websockets.utils import accept_key

from devices.simulation.device import Habits
from devices.simulation.fleet import CANNOT_CONNECT, DROPPED_EARLY, ENDED, Fleet
from devices.simulation.identity import Identity
from devices.simulation.memory import Shelf
from devices.simulation.options import Options, before_redial
from devices.simulation.thread import FleetThread
from tests.devices.simulation.cloud import Cloud
from tests.devices.simulation.documents import AT_ONCE, SERIAL, device, document
from tests.servers import free_port

#: Redials after 10 ms instead of 10 s; nobody comes or goes.
QUICK = Options(ramp=0, reconnect=0.001, events_every=0)


@contextlib.contextmanager
def playing(url: str, *devices, options: Options = QUICK, **more) -> Iterator[FleetThread]:
    with FleetThread(Fleet(url, devices or [device()], options, **more)) as running:
        yield running


@contextlib.contextmanager
def connected(cloud: Cloud, *devices, **more) -> Iterator[FleetThread]:
    with playing(cloud.url, *devices, **more) as running:
        running.wait_connected()
        cloud.wait_for(lambda: len(cloud.sessions) == len(running.fleet.devices))
        yield running


def configure(cloud: Cloud, uuid: int, *names: str, serial: str = SERIAL, **more):
    cloud.send(serial, "configure", uuid=uuid, config=document(uuid, *names, **more))


def test_connect_is_the_first_frame(cloud):
    with connected(cloud):
        serial, message = cloud.said[0]
    assert (serial, message["method"]) == (SERIAL, "connect")
    assert message["params"]["capabilities"]["compatible"] == "edgecore_eap101"
    assert cloud.headers[0]["Sec-WebSocket-Protocol"] == "ucentral-broker"


def test_a_push_is_applied_answered_and_observed(cloud):
    one, seen = device(), []
    one.on_configured(lambda device, outcome: seen.append((device.serial, outcome.active)))
    with connected(cloud, one) as running:
        configure(cloud, 100, "Lobby")
        running.wait_for_ssid(SERIAL, "Lobby")
        running.wait_for_uuid(SERIAL, 100)
        (answer,) = cloud.wait_for(cloud.results)
    assert (answer["id"], answer["result"]["uuid"]) == (1, 100)
    assert seen == [(SERIAL, 100)]
    assert running.device(SERIAL).configuration["interfaces"][0]["ssids"][0]["name"] == "Lobby"


def test_dropped_devices_dial_again_with_what_they_applied(cloud):
    with connected(cloud) as running:
        configure(cloud, 100)
        running.wait_for_uuid(SERIAL, 100)
        cloud.drop(SERIAL)
        cloud.wait_for(lambda: len(cloud.all("connect")) == 2)
    assert cloud.all("connect")[1]["params"]["uuid"] == 100
    assert cloud.all("connect")[1]["params"]["reason"] == "coldboot"
    counts = running.fleet.figures.counts
    assert (counts.drops, counts.early_drops, counts.reconnects) == (1, 1, 1)


def test_a_cloud_that_says_goodbye_is_dialled_again(cloud):
    with connected(cloud):
        cloud.sessions[SERIAL].close(1012)
        cloud.wait_for(lambda: len(cloud.all("connect")) == 2)


def test_an_answer_without_connection_is_lost_but_the_configuration_is_not(cloud):
    one = device(habits=replace(AT_ONCE, apply_seconds=(3, 3)))
    with connected(cloud, one, options=replace(QUICK, reconnect=0.5)) as running:  # after 5 s
        configure(cloud, 100)
        cloud.sessions[SERIAL].close()
        running.wait_for_uuid(SERIAL, 100)
        cloud.wait_for(lambda: len(cloud.all("connect")) == 2)
    assert cloud.all("connect")[1]["params"]["uuid"] == 100
    assert not cloud.results()


def test_reboot_disconnects_and_comes_back_with_a_reason(cloud):
    with connected(cloud) as running:
        cloud.send(SERIAL, "reboot")
        cloud.wait_for(lambda: len(cloud.all("connect")) == 2)
    assert cloud.all("connect")[1]["params"]["reason"] == "reboot"
    assert (running.fleet.figures.counts.restarts, running.fleet.figures.counts.drops) == (1, 0)


def test_a_device_that_lost_its_uplink_stays_away(cloud):
    other = device(serial="02ae51000002")
    with connected(cloud, device(), other) as running:
        config = document(100)
        config["interfaces"][0]["ethernet"] = []
        cloud.send(SERIAL, "configure", uuid=100, config=config)
        running.wait_until(lambda fleet: fleet.figures.counts.gone == 1)
        running.wait_until(lambda fleet: not fleet.is_connected(SERIAL))
        assert running.fleet.is_connected(other.serial)
    assert cloud.results()[0]["result"]["status"]["error"] == 0
    assert len(cloud.all("connect")) == 2


def test_an_oversized_frame_meets_silence_and_the_session_lives(cloud):
    with connected(cloud) as running:
        configure(cloud, 100, notes="x" * 40_000)
        configure(cloud, 101)
        cloud.wait_for(cloud.results)
    assert [answer["result"]["uuid"] for answer in cloud.results()] == [101]
    assert running.device(SERIAL).unreadable == 1


def test_states_health_and_events_flow(cloud):
    options = replace(QUICK, interval=0.02, health_interval=0.02)
    with connected(cloud, options=options):
        configure(cloud, 100, "Lobby")
        cloud.wait_for(lambda: cloud.all("state") and cloud.all("healthcheck") and cloud.all("event"))
        cloud.wait_for(lambda: any(_ssids(state) == {"Lobby"} for state in cloud.all("state")))


def _ssids(message):
    return {bss["ssid"] for one in message["params"]["state"]["interfaces"] for bss in one["ssids"]}


def test_repeated_states_are_the_same_frame(cloud):
    options = replace(QUICK, interval=0.01, repeat_states=3)
    with connected(cloud, options=options):
        cloud.wait_for(lambda: len(cloud.all("state")) >= 4)
    first, second, third, fourth = (message["params"] for message in cloud.all("state")[:4])
    assert first == second == third
    assert fourth != first


def test_a_device_pings_after_silence_and_measures_the_answer(cloud):
    with connected(cloud, options=replace(QUICK, ping_idle=0.02, ping_hangup=30.0)) as running:
        running.wait_until(lambda fleet: len(fleet.figures.ping.newest) >= 1)
        assert 0 < running.fleet.figures.ping.newest[0] < 10


@contextlib.contextmanager
def deaf_cloud() -> Iterator[str]:
    """Completes the WebSocket upgrade and never says another word, not even PONG."""
    listener = socket.create_server(("127.0.0.1", 0))
    sessions: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                session, _ = listener.accept()
                sessions.append(session)
                session.sendall(_upgrade(session.recv(4096)))

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"ws://127.0.0.1:{listener.getsockname()[1]}/"
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    for one in (listener, *sessions):
        one.close()


def _upgrade(request: bytes) -> bytes:
    lines = dict(line.split(": ", 1) for line in request.decode().split("\r\n") if ": " in line)
    key = next(value for name, value in lines.items() if name.lower() == "sec-websocket-key")
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return f"{head}Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode()


def test_a_device_hangs_up_on_a_cloud_that_does_not_answer_pings():
    options = replace(QUICK, ping_idle=0.02, ping_hangup=0.05)
    with deaf_cloud() as url, playing(url, options=options) as running:
        running.wait_until(lambda fleet: fleet.figures.counts.no_pong >= 1)
        running.wait_until(lambda fleet: fleet.figures.counts.connects >= 2)


def test_a_fleet_waits_for_a_cloud_that_starts_later():
    port = free_port()
    with playing(f"ws://127.0.0.1:{port}/") as running:
        cloud = Cloud(port)
        running.wait_connected()
    cloud.close()


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0), (2, 10), (3, 20), (91, 900), (500, 900)])
def test_waiting_after_failed_dials(failures, seconds):
    assert before_redial(failures) == seconds


def run(fleet: Fleet) -> int:
    return asyncio.run(fleet.run())


def test_the_alarm_rings_when_it_cannot_connect():
    heard: list[str] = []
    options = replace(QUICK, strict=True, connect_limit=0.1)
    url = f"ws://127.0.0.1:{free_port()}/"
    fleet = Fleet(url, [device()], options, tell=heard.append)
    assert run(fleet) == CANNOT_CONNECT
    assert SERIAL in heard[0]
    assert heard[0].startswith("ALARM: 1 not connected for 0.1 s")


def test_the_alarm_rings_when_dropped_early(cloud):
    fleet = Fleet(cloud.url, [device()], replace(QUICK, strict=True))
    killer = threading.Thread(
        target=lambda: cloud.wait_for(lambda: cloud.all("connect")) and cloud.drop(SERIAL)
    )
    killer.start()
    assert run(fleet) == DROPPED_EARLY
    killer.join()
    assert "was dropped" in fleet.alarms[0]


async def ended_when_connected(fleet: Fleet) -> int:
    playing = asyncio.create_task(fleet.run())
    await fleet.until(lambda fleet: fleet.all_connected, 60)
    fleet.end()
    return await playing


def test_an_orderly_end(cloud):
    fleet = Fleet(cloud.url, [device()], QUICK)
    assert asyncio.run(ended_when_connected(fleet)) == ENDED
    assert fleet.figures.counts.connects == 1
    assert fleet.figures.counts.connected == 0
    cloud.wait_for(lambda: SERIAL in cloud.sessions and cloud.sessions[SERIAL].protocol.close_rcvd)
    assert cloud.sessions[SERIAL].protocol.close_rcvd.code == 1001


def test_memory_on_the_shelf_survives_the_simulator(cloud, tmp_path):
    with connected(cloud, shelf=Shelf(tmp_path)) as running:
        configure(cloud, 100, "Lobby")
        running.wait_for_uuid(SERIAL, 100)
    again = device(Shelf(tmp_path).load(SERIAL))
    assert (again.uuid, again.ssids) == (100, {"Lobby"})


def test_keys_travel_as_bearer_tokens(cloud):
    identity = Identity(keys={SERIAL: "s3cret"})
    with connected(cloud, identity=identity):
        assert cloud.headers[0]["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(identity)


def test_waiting_in_vain_says_so(cloud):
    with connected(cloud) as running, pytest.raises(TimeoutError, match="connected 1/1"):
        running.wait_for_ssid(SERIAL, "never", timeout=0.05)


def test_a_hundred_devices_take_a_push_each(cloud):
    fleet = [
        device(serial=f"{0x02AE51000000 + n:012x}", habits=Habits(apply_seconds=(0, 0.01)))
        for n in range(100)
    ]
    with connected(cloud, *fleet) as running:
        for one in fleet:
            configure(cloud, 100, "everywhere", serial=one.serial)
        running.wait_until(lambda fleet: fleet.figures.counts.applied == 100)
        assert all(one.ssids == {"everywhere"} for one in fleet)
