"""What each command does to a device."""

from dataclasses import replace

import pytest

from devices.simulation import commands
from devices.simulation.device import LONGEST_BACKLOG, HangUp, Upload, Wait
from tests.devices.simulation.documents import (
    AT_ONCE,
    NOW,
    command,
    configured,
    device,
    document,
    over,
    played,
    push,
    said,
)


def hang_ups(actions):
    return [action for action in actions if isinstance(action, HangUp)]


def reconnected(one):
    one.boot(NOW)
    return one.hello(NOW)[0]["params"]


@pytest.mark.parametrize("method", ["rrm", "telemetry", "sing"])
def test_unknown_methods_meet_silence(method):
    assert commands.receive(device(), command(method), NOW) == []


def test_configure_answers_with_the_number_and_tells_observers():
    (outcome,) = configured(played(device(), command("configure", uuid=100, config=document(100))))
    assert (outcome.pushed, outcome.active, outcome.verdict.error) == (100, 100, 0)


@pytest.mark.parametrize(
    "params", [{}, {"uuid": 5}, {"config": {}}, {"uuid": "5", "config": {}}, {"uuid": True, "config": {}}]
)
def test_configure_without_its_parameters_is_refused(params):
    one = device()
    status = said(played(one, command("configure", **params)))[0]["result"]["status"]
    assert status == {"error": 2, "text": "invalid parameters"}
    assert one.memory.highest == 1


@pytest.mark.parametrize("part", [{"radios": [{"band": "5G", "channel-width": "wide"}]}, {"metrics": "all"}])
def test_a_document_of_the_wrong_types_is_refused_not_crashed_on(part):
    assert push(device(), document(100, **part))["status"]["error"] in (0, 2)


def test_a_configuration_without_uplink_is_applied_and_the_device_gone():
    one = device()
    config = document(100)
    config["interfaces"][0]["ethernet"] = []
    actions = played(one, command("configure", uuid=100, config=config))
    assert said(actions)[0]["result"]["status"]["error"] == 0
    assert [action.seconds for action in hang_ups(actions)] == [None]


def test_configurations_wait_for_their_turn():
    one = device(habits=replace(AT_ONCE, apply_seconds=(0.5, 0.5)))
    (first,) = commands.receive(one, command("configure", uuid=100, config=document(100)), NOW)
    assert commands.receive(one, command("configure", uuid=101, config=document(101)), NOW) == []
    assert first.seconds == 0.5
    *done, second = first.then(NOW + 0.5)
    assert [action.pushed for action in configured(done)] == [100]
    assert [action.pushed for action in configured(over([second]))] == [101]


def test_a_command_does_not_hold_a_configuration_up():
    one = device()
    assert len(commands.receive(one, command("wifiscan"), NOW)) == 1
    assert len(commands.receive(one, command("configure", uuid=100, config=document(100)), NOW)) == 1


def test_slow_devices_take_their_time():
    one = device(habits=replace(AT_ONCE, slow_share=1.0, slow_seconds=40.0))
    (wait,) = commands.receive(one, command("configure", uuid=100, config=document(100)), NOW)
    assert wait.seconds == 40.0


@pytest.mark.parametrize(("method", "uuid"), [("reboot", 100), ("factory", 1)])
def test_reboot_and_factory_are_acknowledged_at_once_and_done_later(method, uuid):
    one = device(habits=replace(AT_ONCE, admin_seconds=10.0, boot_seconds=30.0))
    push(one, document(100, "a"))
    answer, wait = commands.receive(one, command(method), NOW)
    assert answer.message["result"]["status"]["error"] == 0
    assert (wait.seconds, one.uuid) == (10.0, 100)
    assert over([wait]) == [HangUp(30.0, method)]
    assert (reconnected(one)["reason"], one.uuid) == (method, uuid)


def test_a_reboot_forgets_what_was_waiting():
    one = device()
    (wait,) = commands.receive(one, command("configure", uuid=100, config=document(100)), NOW)
    one.boot(NOW)
    assert wait.then(NOW) == []
    assert push(one, document(100))["uuid"] == 100


def test_an_upgrade_answers_after_the_download_and_comes_back_new():
    one = device(habits=replace(AT_ONCE, admin_seconds=10.0, download_seconds=20.0))
    uri = "https://images.example.com/a/20260101-edgecore_eap101-v4.2.1.bin?X-Signature=abc%2F"
    (wait,) = commands.receive(one, command("upgrade", uri=uri), NOW)
    assert isinstance(wait, Wait)
    assert wait.seconds == 30.0
    assert len(said(over([wait]))) == 1
    params = reconnected(one)
    assert (params["firmware"], params["reason"]) == ("20260101-edgecore_eap101-v4.2.1", "upgrade")


def test_a_failed_upgrade_comes_back_on_the_old_firmware():
    one = device(habits=replace(AT_ONCE, upgrade_fail_share=1.0))
    before = one.memory.firmware
    played(one, command("upgrade", uri="https://x.example.com/new.bin"))
    params = reconnected(one)
    assert (params["firmware"], params["reason"]) == (before, "upgradefailed")


@pytest.mark.parametrize(
    ("method", "params"),
    [("upgrade", {}), ("upgrade", {"uri": 5}), ("leds", {}), ("leds", {"pattern": "disco"}), ("request", {})],
)
def test_invalid_parameters_are_answered_with_words(method, params):
    status = said(played(device(), command(method, **params)))[0]["result"]["status"]
    assert (status["error"], status["text"]) == (1, "invalid parameters")


def test_leds_blink_is_answered():
    (answer,) = said(played(device(), command("leds", pattern="blink", duration=10)))
    assert (answer["id"], answer["result"]["status"]["error"]) == (7, 0)


@pytest.mark.parametrize("wanted", ["state", "healthcheck"])
def test_request_brings_a_marked_report(wanted):
    answer, told = said(played(device(), command("request", message=wanted, request_uuid="abc")))
    assert answer["result"]["status"]["error"] == 0
    assert (told["method"], told["params"]["request_uuid"]) == (wanted, "abc")


def test_wifiscan_finds_neighbours():
    (answer,) = said(played(device(), command("wifiscan")))
    scan = answer["result"]["status"]["scan"]
    assert len(scan) >= 3
    assert all(-95 < found["signal"] < -40 and found["frequency"] > 2400 for found in scan)


def test_after_a_boot_the_outcome_of_its_own_start_comes_with_id_0():
    one = device()
    push(one, document(100))
    one.reason = "reboot"
    answers = [message for message in one.hello(NOW) if "result" in message]
    assert [(answer["id"], answer["result"]["uuid"]) for answer in answers] == [(0, 100)]


def test_a_reconnect_without_boot_has_the_reason_of_the_last_boot():
    one = device()
    one.hello(NOW)
    again = one.hello(NOW)
    assert len(again) == 1
    assert again[0]["params"]["reason"] == "coldboot"


def test_events_wait_for_the_next_connection_the_oldest_go_first():
    one = device()
    one.hello(NOW)
    one.keep([one.event(NOW + second, "client.join", {}) for second in range(LONGEST_BACKLOG + 10)])
    times = [message["params"]["data"]["event"][0] for message in one.hello(NOW + 999)[1:]]
    assert (times[0], len(times)) == (NOW + 10, LONGEST_BACKLOG)
    assert len(one.hello(NOW)) == 1


def uploads(actions):
    return [action for action in actions if isinstance(action, Upload)]


def test_a_recording_is_answered_and_then_sent():
    one = device()
    actions = played(one, command("trace", duration=10, network="up", uri="http://127.0.0.1/x"))
    (sent,) = uploads(actions)
    assert said(actions)[0]["result"]["status"]["error"] == 0
    assert (sent.uri, sent.name, sent.data[:4]) == ("http://127.0.0.1/x", one.serial, b"\xd4\xc3\xb2\xa1")


def test_a_recording_takes_as_long_as_it_was_told():
    one = device(habits=replace(AT_ONCE, command_seconds=1.0))
    (wait,) = commands.receive(one, command("trace", duration=60, network="up", uri="http://x/"), NOW)
    assert wait.seconds == 60


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"duration": "10", "network": "up", "uri": "http://x/"},
        {"duration": 10, "network": "up"},
        {"duration": 10, "interface": "eth9", "uri": "http://x/"},
    ],
)
def test_a_recording_that_makes_no_sense_fails_and_sends_nothing(params):
    actions = played(device(), command("trace", **params))
    assert said(actions)[0]["result"]["status"]["error"] == 1
    assert uploads(actions) == []


def crowded():
    one = device(habits=replace(AT_ONCE, clients=20.0))
    push(one, document(100, "Cafe"))
    one.crowd.moment = NOW - 600
    one.pass_time(NOW)
    return one


def test_a_kicked_client_is_gone_and_nothing_is_answered():
    one = crowded()
    mac = one.crowd.clients[0].mac
    (event,) = said(played(one, command("rrm", actions=[{"action": "kick", "addr": mac.upper()}])))
    kind = event["params"]["data"]["event"][1]
    assert (kind["type"], kind["payload"]["client"]) == ("client.leave", mac)
    assert mac not in {client.mac for client in one.crowd.clients}


@pytest.mark.parametrize(
    "actions",
    [None, [], ["kick"], [{"action": "tx_power"}], [{"action": "kick"}], [{"action": "kick", "addr": "x"}]],
)
def test_other_actions_and_strangers_change_nothing(actions):
    one = crowded()
    before = list(one.crowd.clients)
    assert said(played(one, command("rrm", actions=actions))) == []
    assert one.crowd.clients == before
