"""What each command of the cloud does to a device. Pure.

`receive` reads a frame and finds the command; what cannot be read, and a method missing from
`COMMANDS`, is met with silence, as by a real access point.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from devices.simulation import frames
from devices.simulation.air import Air, on_air
from devices.simulation.capture import capture
from devices.simulation.configuration import ALREADY_APPLIED, APPLIED_WITH_REJECTS, REFUSED, Verdict, judge
from devices.simulation.device import NO_AIR, Action, Configured, Device, Flash, HangUp, Say, Upload
from devices.simulation.hardware import frequency
from devices.simulation.image import Image
from devices.simulation.memory import HIGHEST_NUMBER

Params = dict[str, Any]

#: Why a device is gone for good that has cut itself off.
NO_UPLINK = "its configuration has no uplink"
#: A cut-off uplink still carries the answer: the configuration takes hold a moment later.
_LAST_GASP = 0.2
_LONGEST_TRACE = 3600  # seconds


def receive(device: Device, frame: bytes, now: float) -> list[Action]:
    """What the device does on receipt of a text frame; `now` in Unix seconds."""
    try:
        command = frames.decode(frame)
        params = command["params"]
        if "compress_64" in params and device.hardware.compress_cmd:
            params = frames.unpack(params)
    except frames.Unreadable:
        device.unreadable += 1
        return []
    act = COMMANDS.get(command["method"])
    return act(device, command["id"], params, now) if act else []


def _answer(device: Device, number: int, error: int, text: str, **more: Any) -> Say:
    return Say(device.result(number, {"error": error, "text": text, **more}))


def _done(device: Device, number: int) -> Say:
    return Say(device.result(number, {"error": 0, "text": "triggered command action", "resultCode": 0}))


def _invalid(device: Device, number: int) -> list[Action]:
    return [_answer(device, number, 1, "invalid parameters", resultCode=1)]


def configure(device: Device, number: int, params: Params, now: float) -> list[Action]:
    """Applied in its own lane; slow ones take `slow_seconds`."""
    uuid = params.get("uuid")
    if "config" not in params or not isinstance(uuid, int) or isinstance(uuid, bool):
        return [_answer(device, number, REFUSED, "invalid parameters")]
    habits, rng = device.habits, device.rng
    is_slow = rng.random() < habits.slow_share
    seconds = habits.slow_seconds if is_slow else rng.uniform(*habits.apply_seconds)
    # The waiting push is kept as text: parsed, 10,000 of them would be 300 MB.
    act = partial(_apply, device, number, uuid, frames.dump(params["config"]), now)
    return device.take_turns("configuration", seconds, act)


def _apply(device: Device, number: int, uuid: int, text: bytes, received: float, now: float) -> list[Action]:
    verdict, is_stored = _push(device, uuid, json.loads(text))
    more = {"rejected": list(verdict.rejected)} if verdict.rejected else {}
    actions: list[Action] = [
        _answer(device, number, verdict.error, verdict.text, **more),
        Configured(uuid, device.uuid, verdict, now - received),
    ]
    if is_stored and not device.has_uplink:
        actions.append(device.later(_LAST_GASP, lambda now: [HangUp(None, NO_UPLINK)]))
    return actions


def _push(device: Device, uuid: int, document: Any) -> tuple[Verdict, bool]:
    """The verdict, and whether `document` was put in force. See `memory` for the rules of the number."""
    if not 1 <= uuid <= HIGHEST_NUMBER:
        return Verdict(REFUSED, "uuid is not a positive 32-bit integer"), False
    if not device.memory.is_news(uuid):
        return ALREADY_APPLIED, False
    verdict, air = _judged(device, uuid, document)
    if verdict.is_applied:
        device.adopt(uuid, document, air)
    else:
        device.memory.spend(uuid)
    return verdict, verdict.is_applied


def _judged(device: Device, uuid: int, document: Any) -> tuple[Verdict, Air]:
    try:
        verdict = judge(document, uuid, device.hardware)
        air = on_air(document, device.hardware, device.serial) if verdict.is_applied else NO_AIR
    except (TypeError, AttributeError, ValueError, KeyError) as error:
        return Verdict(REFUSED, f"schema validation failed: {error}"), NO_AIR
    return _whim(device, verdict), air


def _whim(device: Device, verdict: Verdict) -> Verdict:
    """On request some configurations meet a device that will not have them."""
    dice, habits = device.rng.random(), device.habits
    if verdict.is_applied and dice < habits.refuse_share:
        return Verdict(REFUSED, "Command returned an error", ("the radio driver refused to restart",))
    if verdict.is_applied and dice < habits.refuse_share + habits.reject_share:
        rejected = (*verdict.rejected, "services.lldp: not supported by this firmware")
        return Verdict(APPLIED_WITH_REJECTS, "Applied with rejects", rejected)
    return verdict


def reboot(device: Device, number: int, params: Params, now: float) -> list[Action]:
    """Acknowledged at once, done later."""
    return [
        _done(device, number),
        device.later(device.habits.admin_seconds, partial(_restart, device, "reboot")),
    ]


def factory(device: Device, number: int, params: Params, now: float) -> list[Action]:
    return [_done(device, number), device.later(device.habits.admin_seconds, partial(_reset, device))]


def _reset(device: Device, now: float) -> list[Action]:
    device.forget()
    return _restart(device, "factory", now)


def _restart(device: Device, reason: str, now: float) -> list[Action]:
    device.reason = reason
    return [HangUp(device.habits.boot_seconds, reason)]


def upgrade(device: Device, number: int, params: Params, now: float) -> list[Action]:
    """Answered only after the download; the new firmware shows in the next `connect`."""
    uri = params.get("uri")
    if not isinstance(uri, str) or not (device.habits.upgrade_firmware or firmware_in(uri)):
        return _invalid(device, number)

    def act(later: float) -> list[Action]:
        return [device.fetch(uri, partial(_downloaded, device, number, uri, now))]

    seconds = device.habits.admin_seconds + device.habits.download_seconds
    return device.take_turns("command", seconds, act)


def _downloaded(
    device: Device, number: int, uri: str, asked: float, image: Image | None, now: float
) -> list[Action]:
    if image is None:
        return [_answer(device, number, 1, "Download failed", resultCode=1)]
    firmware = device.habits.upgrade_firmware or image.firmware or firmware_in(uri)
    return [_done(device, number), *_flash(device, Flash(asked, now, firmware))]


def firmware_in(uri: str) -> str:
    """The firmware an image's file name promises: its stem, empty when there is none."""
    name = PurePosixPath(unquote(urlsplit(uri).path)).name
    for suffix in (".gz", ".tar", ".bin", ".img"):
        name = name.removesuffix(suffix)
    return name


def _flash(device: Device, flash: Flash) -> list[Action]:
    """Written; whether it starts is a matter of luck."""
    device.flashes.append(flash)
    habits, dice = device.habits, device.rng.random()
    if dice < habits.upgrade_fail_share:
        return _restart(device, "upgradefailed", flash.at)
    dice -= habits.upgrade_fail_share
    if dice < habits.upgrade_silent_share:
        return [HangUp(None, "it did not start again")]
    if dice < habits.upgrade_silent_share + habits.upgrade_stale_share:
        return _restart(device, "reboot", flash.at)
    device.memory.firmware = flash.firmware
    return _restart(device, "upgrade", flash.at)


def leds(device: Device, number: int, params: Params, now: float) -> list[Action]:
    if params.get("pattern") not in ("on", "off", "blink"):
        return _invalid(device, number)
    return _soon(device, lambda now: [_done(device, number)])


def ping(device: Device, number: int, params: Params, now: float) -> list[Action]:
    def act(now: float) -> list[Action]:
        return [Say(device.result(number, {"error": 0, "text": "Success"}, deviceUTCTime=int(now)))]

    return _soon(device, act)


def request(device: Device, number: int, params: Params, now: float) -> list[Action]:
    """A `state` or `healthcheck` out of turn, marked with the asker's `request_uuid`."""
    wanted, mark = params.get("message"), str(params.get("request_uuid", ""))
    if wanted not in ("state", "healthcheck"):
        return _invalid(device, number)

    def act(now: float) -> list[Action]:
        told = device.state(now, mark) if wanted == "state" else device.healthcheck(mark)
        return [_done(device, number), Say(told)]

    return _soon(device, act)


def _soon(device: Device, act: Callable[[float], list[Action]]) -> list[Action]:
    return device.take_turns("command", device.habits.command_seconds, act)


def wifiscan(device: Device, number: int, params: Params, now: float) -> list[Action]:
    seconds = device.habits.command_seconds + device.habits.scan_seconds

    def act(now: float) -> list[Action]:
        found = [_neighbour(device, index) for index in range(device.rng.randint(3, 12))]
        return [_answer(device, number, 0, "Success", resultCode=0, scan=found)]

    return device.take_turns("command", seconds, act)


def trace(device: Device, number: int, params: Params, now: float) -> list[Action]:
    """Answered when the recording is over; then it is sent, and nobody here waits for that."""
    duration, uri = params.get("duration"), params.get("uri")
    if not isinstance(duration, int) or not 0 < duration <= _LONGEST_TRACE or not isinstance(uri, str):
        return _invalid(device, number)
    if not _is_interface(device, str(params.get("interface") or params.get("network"))):
        words = "Invalid network device specified"
        return _soon(device, lambda now: [_answer(device, number, 1, "Failed", resultText=words)])

    def act(now: float) -> list[Action]:
        return [_done(device, number), Upload(uri, device.serial, capture(now, device.rng))]

    # At the pace of its other commands, one second of which is a second.
    return device.take_turns("command", duration * device.habits.command_seconds, act)


def _is_interface(device: Device, name: str) -> bool:
    ports = {*device.hardware.wan, *(bss.iface for bss in device.air.bsses)}
    return name in {"up", "down", "any"} | ports


def rrm(device: Device, number: int, params: Params, now: float) -> list[Action]:
    """Never answered. Of its actions only `kick` is known here."""
    actions = params.get("actions")
    kicked = [one for one in actions if _is_kick(one)] if isinstance(actions, list) else []
    if not kicked:
        return []

    def act(now: float) -> list[Action]:
        return [Say(event) for one in kicked for event in device.kick(one["addr"], now)]

    return _soon(device, act)


def _is_kick(action: Any) -> bool:
    return isinstance(action, dict) and action.get("action") == "kick" and isinstance(action.get("addr"), str)


def _neighbour(device: Device, index: int) -> dict[str, Any]:
    rng = device.rng
    radio = rng.choice(device.hardware.radios)
    channel = rng.choice(radio.channels)
    return {
        "bssid": ":".join(f"{octet:02x}" for octet in (0x00, 0x1A, 0x2B, *rng.randbytes(3))),
        "ssid": rng.choice(("Bakery", "HomeNet", "FRITZ!Box 7590", "Office", "")),
        "channel": channel,
        "frequency": frequency(radio.band, channel),
        "signal": rng.randint(-91, -48),
        "last_seen": rng.randint(0, 900),
    }


COMMANDS: dict[str, Callable[[Device, int, Params, float], list[Action]]] = {
    "configure": configure,
    "reboot": reboot,
    "factory": factory,
    "upgrade": upgrade,
    "leds": leds,
    "ping": ping,
    "request": request,
    "wifiscan": wifiscan,
    "trace": trace,
    "rrm": rrm,
}
