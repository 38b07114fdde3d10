"""The disk of an instance is full: nothing lives there, so that work goes on, or is refused in words.

``/tmp``, the logs and the working files of console, workers and outpost are on a small file system that is
filled up while they run; then every process is started anew on it.
"""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests

from devices.simulation.capture import capture
from devices.simulation.thread import FleetThread
from tests.faults.conftest import ACCESS_POINTS, Scene, fleet
from tests.replication import query
from tests.servers import BUCKET, S3, MariaDB, Redis, environment, temporary_directory
from tests.stack import ROOT, Browser, Stack, answers, prepare, wait_for

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(os.getuid() != 0, reason="mounting takes root; `make ops-test` runs as root"),
]
SIZE = 16  # MiB of the disk
RECORDING = capture(1_800_000_000.0, Random(1)) + bytes(6 * 1024 * 1024)
ASK_FOR_A_RECORDING = """
from accounts.models import User
from devices import recordings
from devices.models import AccessPoint, Command
user, point = User.objects.order_by("pk").first(), AccessPoint.objects.order_by("-serial")[{index}]
print(recordings.upload_address(Command.ask(user, point, "trace", dict(duration=60, network="up"))))
"""
ASK_FOR_A_REPORT = """
from datetime import date
from accounts.models import Organisation, User
from devices.models import Report
Report.ask(User.objects.order_by("pk").first(), Organisation.objects.order_by("pk").first(), date.today())
"""


@dataclass
class Disk:
    """``path`` is its root."""

    path: Path

    def fill(self) -> None:
        """To the last byte."""
        with (self.path / "filler").open("ab", buffering=0) as file:
            for size in (1024 * 1024, 4096, 1):
                try:
                    while file.write(bytes(size)):
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def clear(self) -> None:
        (self.path / "filler").unlink()


@contextmanager
def small_disk(path: Path) -> Iterator[Disk]:
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "aerie-test", str(path)], check=True)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextmanager
def scene_on_a_small_disk() -> Iterator[tuple[Scene, Disk]]:
    with temporary_directory() as directory, small_disk(directory / "disk") as disk:
        servers = s3, redis, database = S3(directory), Redis(directory), MariaDB(directory)
        shared = {
            name: value for name, value in environment("", "", s3.url).items() if name.startswith("AWS")
        }
        stack = Stack(
            directory, database, redis, STORAGE_URL=f"s3://{BUCKET}", TMPDIR=str(disk.path), **shared
        )
        for process in stack.processes.values():
            process.log = disk.path / process.log.name
        try:
            for server in servers:
                server.start()
            prepare(stack, ACCESS_POINTS + 2)  # the last two never connect: recordings are sent in their name
            stack.start()
            with FleetThread(fleet(stack)) as running:
                yield Scene(stack, Browser(stack.url), running), disk
        finally:
            stack.stop()
            for server in servers:
                server.kill()


def test_a_full_disk_stops_nothing_that_need_not_stop(measured: Callable[..., Any]) -> None:
    with scene_on_a_small_disk() as (scene, disk):
        assert send(run(scene.stack, ASK_FOR_A_RECORDING.format(index=0))).status_code == 200
        disk.fill()
        save(scene)
        readiness_is_green(scene)
        address = run(scene.stack, ASK_FOR_A_RECORDING.format(index=1))
        refused = send(address)
        assert (refused.status_code, "no room" in refused.text) == (503, True)
        for name in scene.stack.processes:
            scene.stack.kill(name)
            scene.stack.restart(name)
        began = time.monotonic()
        scene.stack.wait_until_ready()
        measured(time.monotonic() - began, "s until all were ready again, started on it")
        save(scene)
        run(scene.stack, ASK_FOR_A_REPORT)
        disk.clear()
        assert send(address).status_code == 200
        wait_for(lambda: reports(scene.stack) == ["ready"], 60, lambda: str(reports(scene.stack)))


def save(scene: Scene) -> None:
    passphrase = scene.propose()
    scene.browser.fill()
    scene.wait_until_on_air(passphrase)


def readiness_is_green(scene: Scene) -> None:
    assert answers(f"{scene.stack.url}/readyz")
    assert answers(f"http://127.0.0.1:{scene.stack.admin_port}/readyz")


def send(address: str) -> requests.Response:
    return requests.post(address, files={"data": ("capture", RECORDING)}, timeout=30)


def reports(stack: Stack) -> list[str]:
    return [state for (state,) in query(stack.database, "SELECT state FROM devices_report")]


def run(stack: Stack, script: str) -> str:
    """What a script says that runs among the stack's data, with another disk."""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", script]
    variables = stack.environment | {"TMPDIR": str(stack.directory)}
    done = subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
