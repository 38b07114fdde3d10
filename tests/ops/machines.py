"""Machines: roots booted by systemd-nspawn, each in a network namespace of its own, as EC2 would start them.

All of a ``Subnet`` hang on one bridge in a private network. ``subnet.door(port)`` lets them reach a server on
this machine's loopback; this machine reaches theirs at ``machine.address``. Each machine has a metadata
service of its own (``machine.imds``) and writes into memory above the root, which stays as it was.

Everything carries the subnet's random name and is taken away at its end, however that comes. Needs root.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from tests.ops.imds import ADDRESS, FakeImds
from tests.servers import free_port

SYSTEMD_POWER_OFF = signal.SIGRTMIN + 4
START_SECONDS = 60.0


class MachineFailed(RuntimeError):
    """A machine did not do what it was told; the message ends with its last words."""


class Subnet:
    """A bridge with this machine's address at .1; use it as a context."""

    def __init__(self) -> None:
        self.name = f"ae{secrets.token_hex(3)}"
        self.network = f"10.213.{secrets.randbelow(256)}"
        self.gateway = f"{self.network}.1"
        self.directory = Path(tempfile.mkdtemp(prefix=f"aerie-{self.name}-", dir="/var/tmp"))
        self._machines: list[Machine] = []
        self._doors: list[subprocess.Popen[bytes]] = []
        self._numbers = iter(range(11, 250))

    def __enter__(self) -> Self:
        _ip("link", "add", self.name, "type", "bridge")
        _ip("addr", "add", f"{self.gateway}/24", "dev", self.name)
        _ip("link", "set", self.name, "up")
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
            stack.callback(_ip, "link", "del", self.name, check=False)
            for door in self._doors:
                stack.callback(_end, door)
            for machine in self._machines:
                stack.callback(machine.remove)

    def machine(self) -> "Machine":
        """One that is not started yet."""
        number = next(self._numbers)
        made = Machine(self, f"{self.name}m{number}", f"{self.network}.{number}")
        self._machines.append(made)
        return made

    def door(self, port: int) -> tuple[str, int]:
        """Where machines find what listens on this loopback port: (address, port)."""
        outside = free_port()
        file = self.directory / f"door-{port}.cfg"
        file.write_text(_DOOR.format(gateway=self.gateway, outside=outside, port=port))
        haproxy = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin") or "haproxy"
        self._doors.append(subprocess.Popen([haproxy, "-db", "-q", "-f", str(file)]))
        return self.gateway, outside


_DOOR = """
global
    maxconn 4000
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen door
    bind {gateway}:{outside}
    server here 127.0.0.1:{port}
"""


class Machine:
    """``start`` it, ``run`` commands on it, end it by ``power_off`` or ``kill``."""

    def __init__(self, subnet: Subnet, name: str, address: str) -> None:
        self.subnet, self.name, self.address = subnet, name, address
        self.directory = subnet.directory / name
        self.console = self.directory / "console.log"
        self._imds = contextlib.ExitStack()
        self._nspawn: subprocess.Popen[bytes] | None = None
        self.imds = FakeImds("", address=address)
        self.began = 0.0

    @property
    def instance_id(self) -> str:
        return self.imds.instance_id

    def start(self, root: Path, user_data: str) -> Self:
        """Boot this root with this user data; returns at once. ``root`` is not changed."""
        self.imds.answers["user-data"] = user_data
        self._make_network()
        self._imds.enter_context(self.imds.serving(ADDRESS, 80, self.name))
        tree = self._mount(root)
        self.began = time.monotonic()
        with self.console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                self._command(tree), stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        return self

    def run(self, *command: str, check: bool = True, timeout: float = 60.0) -> str:
        """What the command says inside. Raises ``MachineFailed`` when it fails and ``check``."""
        entered = ["nsenter", "--target", str(self.leader()), "--all", "--", *command]
        done = subprocess.run(entered, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode:
            raise MachineFailed(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def journal(self, *options: str) -> str:
        return self.run("journalctl", "--no-pager", "--output=short-monotonic", *options, check=False)

    def wait_for(self, holds: Callable[[], bool], seconds: float, what: str = "") -> float:
        """Seconds since the start of the machine when it held. Raises ``MachineFailed`` with its journal."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline or not self.alive():
                raise MachineFailed(f"{self.name}: {what or 'not'} within {seconds:g} s\n{self.last_words()}")
            time.sleep(0.1)
        return time.monotonic() - self.began

    def alive(self) -> bool:
        return self._nspawn is not None and self._nspawn.poll() is None

    def last_words(self) -> str:
        with contextlib.suppress(MachineFailed, subprocess.TimeoutExpired, OSError):
            return self.journal("--lines=150")
        return self.console.read_text(errors="replace")[-5000:]

    def leader(self) -> int:
        """The process that is PID 1 inside. Raises ``MachineFailed`` when there is none (soon)."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.alive():
            assert self._nspawn is not None
            children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
            if children:
                return int(children[0])
            time.sleep(0.02)
        raise MachineFailed(f"{self.name} does not run\n{self.console.read_text(errors='replace')[-3000:]}")

    def power_off(self, seconds: float = 180.0) -> float:
        """As ``systemctl poweroff``; seconds it took. Raises ``MachineFailed`` when it does not end."""
        began = time.monotonic()
        os.kill(self.leader(), SYSTEMD_POWER_OFF)
        assert self._nspawn is not None
        try:
            self._nspawn.wait(seconds)
        except subprocess.TimeoutExpired:
            raise MachineFailed(f"{self.name} does not power off\n{self.last_words()}") from None
        self._cut()
        return time.monotonic() - began

    def kill(self) -> None:
        """As when its host vanishes: every process at once, and no goodbye on the network."""
        _ip("link", "set", f"{self.name}h", "down", check=False)
        if self.alive():
            with contextlib.suppress(MachineFailed, ProcessLookupError):
                os.kill(self.leader(), signal.SIGKILL)  # the kernel ends all of its namespace with it
        _end(self._nspawn)
        self._cut()

    def wait_for_end(self, seconds: float = 30.0) -> None:
        """Until its last process has ended; its network stays as it is. Raises ``TimeoutExpired``."""
        if self._nspawn is not None:
            self._nspawn.wait(seconds)

    def remove(self) -> None:
        """Whatever is left of it; also twice."""
        self.kill()
        subprocess.run(["umount", "--lazy", str(self.directory / "tree")], capture_output=True)
        subprocess.run(["umount", "--lazy", str(self.directory / "memory")], capture_output=True)
        with contextlib.suppress(OSError):  # what nspawn leaves behind when it is killed
            (Path("/run/systemd/nspawn/propagate") / self.name).rmdir()

    def _cut(self) -> None:
        self._imds.close()
        _ip("link", "del", f"{self.name}h", check=False)
        _ip("netns", "del", self.name, check=False)

    def _make_network(self) -> None:
        _ip("netns", "add", self.name)
        _ip("link", "add", f"{self.name}h", "type", "veth", "peer", "name", "host0", "netns", self.name)
        _ip("link", "set", f"{self.name}h", "master", self.subnet.name, "up")
        inside = ["-n", self.name]
        _ip(*inside, "link", "set", "lo", "up")
        _ip(*inside, "addr", "add", f"{ADDRESS}/32", "dev", "lo")
        _ip(*inside, "addr", "add", f"{self.address}/24", "dev", "host0")
        _ip(*inside, "link", "set", "host0", "up")
        _ip(*inside, "route", "add", "default", "via", self.subnet.gateway)

    def _mount(self, root: Path) -> Path:
        """The root with an empty layer of memory above it."""
        memory, tree = self.directory / "memory", self.directory / "tree"
        for directory in (memory, tree):
            directory.mkdir(parents=True)
        _do("mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "aerie", str(memory))
        for name in ("upper", "work"):
            (memory / name).mkdir()
        # What systemd reads at its start, and would otherwise be the root builder's.
        (memory / "upper" / "etc").mkdir()
        (memory / "upper" / "etc" / "hostname").write_text(f"{self.name}\n")
        layers = f"lowerdir={root},upperdir={memory / 'upper'},workdir={memory / 'work'}"
        _do("mount", "-t", "overlay", "-o", layers, "aerie", str(tree))
        return tree

    def _command(self, tree: Path) -> list[str]:
        named = [f"--machine={self.name}", f"--hostname={self.name}", f"--uuid={secrets.token_hex(16)}"]
        return [
            *("systemd-nspawn", "--quiet", "--directory", str(tree), "--boot", "--console=pipe", *named),
            *("--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=off", "--timezone=off"),
            f"--network-namespace-path=/run/netns/{self.name}",
        ]


@contextlib.contextmanager
def subnet() -> Iterator[Subnet]:
    """A subnet that also goes when this process is told to end (SIGTERM)."""

    def leave(*_signal: object) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        with Subnet() as made:
            yield made
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None:
        process.kill()
        process.wait()


def _do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise MachineFailed(f"{' '.join(command)}: {done.stderr.strip()}")


def _ip(*words: str, check: bool = True) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if check and done.returncode:
        raise MachineFailed(f"ip {' '.join(words)}: {done.stderr.strip()}")
