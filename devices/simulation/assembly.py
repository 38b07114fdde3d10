"""From chosen options to a fleet: serials, memories, certificates and keys; every fault in words."""

import argparse
import resource
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from devices.simulation.arguments import model, serial_number
from devices.simulation.device import Device, Habits
from devices.simulation.fleet import Fleet
from devices.simulation.hardware import Hardware, hardware_of
from devices.simulation.identity import Identity, pair
from devices.simulation.memory import Shelf
from devices.simulation.options import Options

#: Open files beside the sockets: libraries, standard streams, the event loop.
OTHER_FILES = 64


class BadArgument(ValueError):
    """An option or a file it names cannot be used; the words are for the person who typed it."""


def fleet_of(chosen: argparse.Namespace, tell: Callable[[str], None]) -> Fleet:
    """The fleet that was asked for. Raises BadArgument."""
    _check(chosen)
    _open_files(0 if chosen.serials_file else chosen.count)
    shelf = _shelf(chosen.state_dir)
    who = list(_serials(chosen))
    _open_files(len(who))
    identity = _identity(chosen, [serial for serial, _ in who])
    return Fleet(
        chosen.url, _devices(chosen, who, shelf), _options(chosen), identity=identity, shelf=shelf, tell=tell
    )


def _check(chosen: argparse.Namespace) -> None:
    if chosen.apply[0] > chosen.apply[1]:
        raise BadArgument("--apply wants the shorter time first")
    if chosen.refuse_share + chosen.reject_share > 1:
        raise BadArgument("--refuse-share and --reject-share are more than everybody together")
    if chosen.upgrade_fail_share + chosen.upgrade_silent_share + chosen.upgrade_stale_share > 1:
        raise BadArgument(
            "--upgrade-fail-share, -silent-share and -stale-share are more than everybody together"
        )
    if chosen.ping_idle >= chosen.ping_hangup:
        raise BadArgument("--ping-hangup must be longer than --ping-idle")
    for name in ("reconnect", "connect_limit", "ping_idle"):
        if getattr(chosen, name) == 0:
            raise BadArgument(f"--{name.replace('_', '-')} must be more than 0")


def _open_files(sockets: int) -> None:
    """Raises the soft limit of open files. Raises BadArgument when the hard one is too low."""
    wanted = sockets + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise BadArgument(
            f"--count: {wanted} open files are needed, this process may have {hard}: use several"
        )
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _shelf(directory: Path | None) -> Shelf | None:
    try:
        return Shelf(directory) if directory else None
    except OSError as error:
        raise BadArgument(f"--state-dir cannot be used: {error}") from error


def _serials(chosen: argparse.Namespace) -> Sequence[tuple[str, Hardware]]:
    if chosen.serials_file:
        return _serials_in(chosen.serials_file, chosen.models)
    first = int(chosen.first_serial, 16)
    if first + chosen.count > 2**48:
        raise BadArgument("--first-serial leaves no room for --count serials")
    serials = (f"{first + index:012x}" for index in range(chosen.count))
    return [(serial, hardware_of(serial, chosen.models)) for serial in serials]


def _serials_in(path: Path, models: tuple[Hardware, ...]) -> list[tuple[str, Hardware]]:
    found: dict[str, Hardware] = {}
    for number, line in enumerate(_lines(path, "--serials-file"), start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            serial = serial_number(words[0])
            hardware = model(words[1]) if len(words) > 1 else hardware_of(serial, models)
        except argparse.ArgumentTypeError as error:
            raise BadArgument(f"{path}, line {number}: {error}") from error
        if serial in found:
            raise BadArgument(f"{path}, line {number}: {serial} is there twice")
        found[serial] = hardware
    if not found:
        raise BadArgument(f"{path} has no serial")
    return list(found.items())


def _lines(path: Path, option: str) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadArgument(f"{option} cannot be read: {error}") from error


def _identity(chosen: argparse.Namespace, serials: Sequence[str]) -> Identity:
    _check_proof(chosen)
    identity = Identity(
        ca=chosen.ca,
        cert_dir=chosen.cert_dir,
        cert=chosen.cert,
        key=chosen.key,
        insecure=chosen.insecure,
        server_name=chosen.server_name,
        keys=_keys(chosen.key_file, serials) if chosen.key_file else {},
    )
    if chosen.url.startswith("wss:"):
        _check_certificates(identity, serials)
    return identity


def _check_proof(chosen: argparse.Namespace) -> None:
    has_certificate = bool(chosen.cert or chosen.cert_dir)
    if chosen.cert and chosen.cert_dir:
        raise BadArgument("--cert and --cert-dir exclude each other")
    if chosen.key and not chosen.cert:
        raise BadArgument("--key belongs to --cert")
    if chosen.auth == "key" and not chosen.key_file:
        raise BadArgument("--auth key needs --key-file")
    if chosen.key_file and chosen.auth in ("certificate", "open"):
        raise BadArgument(f"--key-file and --auth {chosen.auth} exclude each other")
    if chosen.auth == "certificate" and not has_certificate:
        raise BadArgument("--auth certificate needs --cert or --cert-dir")
    if has_certificate and chosen.url.startswith("ws:"):
        raise BadArgument("client certificates need a wss:// address")


def _keys(path: Path, serials: Sequence[str]) -> dict[str, str]:
    keys = dict(_key_lines(path))
    missing = [serial for serial in serials if serial not in keys]
    if missing:
        raise BadArgument(f"{path} has no key for {missing[0]} and {len(missing) - 1} more")
    return {serial: keys[serial] for serial in serials}


def _key_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Lines `serial:key`; the serial may have colons of its own, the key has none. Never quotes a key."""
    for number, line in enumerate(_lines(path, "--key-file"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        serial, _, key = line.strip().rpartition(":")
        try:
            yield serial_number(serial), key
        except argparse.ArgumentTypeError:
            raise BadArgument(f"{path}, line {number}: not of the form serial:key") from None


def _check_certificates(identity: Identity, serials: Sequence[str]) -> None:
    directory = identity.cert_dir
    missing = [one for one in serials if directory and not pair(directory, one)[0].exists()]
    if missing:
        raise BadArgument(f"{directory} has no certificate for {missing[0]} and {len(missing) - 1} more")
    try:
        identity.context(serials[0])
    except OSError as error:
        raise BadArgument(f"a certificate or key cannot be read: {error}") from error


def _devices(
    chosen: argparse.Namespace, who: Sequence[tuple[str, Hardware]], shelf: Shelf | None
) -> Iterator[Device]:
    habits, rng = _habits(chosen), Random(chosen.seed)  # noqa: S311 (not for secrets)
    for serial, hardware in who:
        try:
            memory = shelf.load(serial) if shelf else None
        except (OSError, ValueError) as error:
            raise BadArgument(f"--state-dir: {error}") from error
        yield Device(serial, hardware, memory, habits, rng)


def _habits(chosen: argparse.Namespace) -> Habits:
    usual = Habits()
    return Habits(
        apply_seconds=tuple(chosen.apply),
        slow_share=chosen.slow_share,
        slow_seconds=chosen.slow_seconds,
        reject_share=chosen.reject_share,
        refuse_share=chosen.refuse_share,
        command_seconds=usual.command_seconds * chosen.pace,
        admin_seconds=usual.admin_seconds * chosen.pace,
        scan_seconds=usual.scan_seconds * chosen.pace,
        download_seconds=chosen.download_seconds * chosen.pace,
        boot_seconds=chosen.boot_seconds * chosen.pace,
        upgrade_fail_share=chosen.upgrade_fail_share,
        upgrade_silent_share=chosen.upgrade_silent_share,
        upgrade_stale_share=chosen.upgrade_stale_share,
        upgrade_firmware=chosen.upgrade_firmware,
        clients=chosen.clients,
    )


def _options(chosen: argparse.Namespace) -> Options:
    names = Options.__dataclass_fields__
    return Options(**{name: getattr(chosen, name) for name in names if hasattr(chosen, name)})
