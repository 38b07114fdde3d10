"""A site under load: instances of every role, a balancer before them, their visitors and access points.

``with site(old.root) as made``; then ``made.boot(release)``, ``made.join(machine)``, ``made.leave(machine)``
and ``made.kill(machine)`` are what an auto-scaling group and fate do to it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.jobs.mail_server import Mailbox, MailServer
from tests.night.books import Books
from tests.ops.access_points import AccessPoints, issue, serials
from tests.ops.balancer import Balancer
from tests.ops.machines import Machine
from tests.ops.releases import Release
from tests.ops.staging import NAME, PROJECT, Staging, environment
from tests.ops.visitors import Load

ROLES = ("console", "worker", "utility", "outpost")
SHOPS = 3  # networks that are saved all the time, of so many access points each:
SHOP_SIZE = 20
HALLS = 3  # and networks that share the others; the first one's are upgraded
READY_SECONDS, GONE_SECONDS = 150.0, 150.0
# Told to every instance instead of what the staging environment says.
PARAMETERS = {
    "ALLOWED_HOSTS": "localhost",
    "CONSOLE_WORKERS": "1",
    "OUTPOST_WORKERS": "1",
    # The balancer looks twice a second, and believes what it sees twice.
    "DRAIN_SECONDS": "4",
    "OUTPOST_DRAIN_SECONDS": "12",
    "WORKER_GRACE_SECONDS": "5",
}


class Site:
    """``machines`` are those that serve; ``said`` is what happened, with its second."""

    def __init__(self, staging: Staging, balancer: Balancer, count: int) -> None:
        self.staging, self.balancer = staging, balancer
        self.books = Books(staging.database)
        self.serials = serials(count)
        self.access_points = AccessPoints(staging.directory)
        self.mailbox = Mailbox()
        self.machines: list[Machine] = []
        self.errors: list[str] = []
        self.seeded: dict[str, Any] = {}
        self._began = time.monotonic()

    def say(self, words: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {words}", flush=True)

    # its instances

    def boot(self, release: Release) -> Machine:
        """One more machine, of this release; it serves nobody yet."""
        self.staging.root, self.staging.release = release.root, release.name
        return self.staging.start(*ROLES)

    def join(self, machine: Machine) -> None:
        """Wait until the group hears that it is ready, and put it behind the balancer."""
        told = f"ready CONTINUE {machine.instance_id}"
        took = machine.wait_for(lambda: told in self.staging.activities("console"), READY_SECONDS, told)
        self.balancer.put(machine.address)
        machine.wait_for(lambda: self.balancer.is_up(machine.address), 20, "the balancer does not take it")
        self.machines.append(machine)
        self.say(f"{machine.name} serves, {took:.1f} s after its start")

    def leave(self, machine: Machine) -> None:
        """The group takes it in: a notice, its drain, its end."""
        began = time.monotonic()
        self.machines.remove(machine)
        self._scale_in(machine)
        told = f"drain CONTINUE {machine.instance_id}"
        machine.wait_for(lambda: told in self.staging.activities("console"), GONE_SECONDS, told)
        self.note_errors(machine)
        machine.kill()
        self.balancer.take(machine.address)
        self.say(f"{machine.name} is drained and gone after {time.monotonic() - began:.1f} s")

    def kill(self, machine: Machine) -> None:
        """kill -9 of all its processes at once; the kernel closes their connections."""
        self.machines.remove(machine)
        os.kill(machine.leader(), signal.SIGKILL)
        machine.wait_for_end()
        self.say(f"{machine.name} was killed")

    def vanish(self, lost: list[Machine]) -> None:
        """As when their hosts lose power: they say nothing any more, and nothing reaches them."""
        for machine in list(lost):
            self.machines.remove(machine)
            machine.kill()

    def bury(self, machine: Machine) -> None:
        """What the group does once it has noticed."""
        machine.kill()
        self.balancer.take(machine.address)
        self.errors += _errors(machine.name, self._shipped(machine))

    def _scale_in(self, machine: Machine) -> None:
        self.staging.aws.client("autoscaling").terminate_instance_in_auto_scaling_group(
            InstanceId=machine.instance_id, ShouldDecrementDesiredCapacity=True
        )
        machine.imds.scale_in()

    # its logs

    def note_errors(self, machine: Machine) -> None:
        """Lines of its journal that tell of an error."""
        told = machine.run("journalctl", "--no-pager", "--output=json", "--all", timeout=120)
        entries = [json.loads(line) for line in told.splitlines()]
        lines = [(str(entry.get("_SYSTEMD_UNIT", "")), _text(entry.get("MESSAGE"))) for entry in entries]
        self.errors += _errors(machine.name, lines)

    def _shipped(self, machine: Machine) -> list[tuple[str, str]]:
        """Of one that is no more: what it had put into CloudWatch."""
        found = []
        for role in ROLES:
            with contextlib.suppress(self.staging.aws.client("logs").exceptions.ResourceNotFoundException):
                found += [(role, json.dumps(line)) for line in self.staging.logged(role, machine)]
        return found

    # its people and access points

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Of ``tests.ops.cast``."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.ops.cast", verb],
            input=json.dumps(arguments), cwd=PROJECT, env=self.staging.variables,
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        return json.loads(done.stdout.splitlines()[-1])

    def seed(self) -> None:
        places = {f"Shop {n}": self.serials[n * SHOP_SIZE :][:SHOP_SIZE] for n in range(SHOPS)}
        rest = self.serials[SHOPS * SHOP_SIZE :]
        places |= {f"Hall {n}": rest[n::HALLS] for n in range(HALLS)}
        self.seeded = self.ask("seed", places=places)

    def networks(self, kind: str) -> list[int]:
        return [pk for name, pk in self.seeded["networks"].items() if name.startswith(kind)]

    def load(self) -> Load:
        ca = self.staging.authority.file
        return Load(self.balancer.url, ca, self.seeded["organisation"], self.networks("Shop"))

    @contextlib.contextmanager
    def promising(self, every: float, seconds: list[float]) -> Iterator[list[str]]:
        """Tasks are promised during the block; yields a list that has every key when the block has ended."""
        keys: list[str] = []
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.ops.cast", "promise"], env=self.staging.variables, cwd=PROJECT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdin
        process.stdin.write(json.dumps({"every": every, "seconds": seconds}) + "\n")
        process.stdin.flush()
        try:
            yield keys
            told, _ = process.communicate(timeout=60)
            keys += [line for line in told.splitlines() if line.startswith("rehearsed:")]
        finally:
            process.kill()
            process.wait()

    def one(self, statement: str) -> Any:
        """The only value of the only row."""
        ((value,),) = self.books.rows(statement)
        return value

    def column(self, statement: str) -> list[Any]:
        return [row[0] for row in self.books.rows(statement)]


def _errors(name: str, lines: list[tuple[str, str]]) -> list[str]:
    return [f"{name} {unit}: {text[:3000]}" for unit, text in lines if is_error(text)]


def is_error(text: str) -> bool:
    """Whether a line of a journal tells of something that went wrong by its own account."""
    try:
        told = json.loads(text)
    except ValueError:
        return "Traceback" in text or "Failed with result" in text or "Main process exited" in text
    if not isinstance(told, dict):
        return False
    return told.get("level") in ("error", "critical") or is_error(str(told.get("message", "null")))


def _text(message: object) -> str:
    """journald tells what is no text as a list of bytes."""
    return bytes(message).decode(errors="replace") if isinstance(message, list) else str(message)


@contextlib.contextmanager
def site(old: Release, count: int, patience: str = "30s") -> Iterator[Site]:
    """Servers, balancer, mail, seeded customer and certificates; no machine yet. Removed at the end."""
    with contextlib.ExitStack() as stack:
        staging = stack.enter_context(environment(old.root, access_points=0))
        balancer = stack.enter_context(Balancer(staging.directory, staging.authority, patience).running())
        made = Site(staging, balancer, count)
        mail = MailServer(made.mailbox)
        stack.callback(mail.stop)
        mail.start()
        tell(made, mail.port)
        made.seed()
        issue(staging.authority, staging.directory / "certificates", made.serials)
        made.say(f"{count} access points are claimed and have certificates")
        yield made


def tell(made: Site, mail: int) -> None:
    """Parameters and secrets as this site needs them."""
    staging, url = made.staging, made.balancer.url
    ssm, keeper = staging.aws.client("ssm"), staging.aws.client("secretsmanager")
    told = PARAMETERS | {"CONSOLE_PUBLIC_URL": url, "CSRF_TRUSTED_ORIGINS": url}
    told["OUTPOST_PUBLIC_URL"] = made.balancer.outpost_url
    for name, value in told.items():
        path = f"/aerie/{NAME}/environment/{name}"
        ssm.put_parameter(Name=path, Value=value, Type="String", Overwrite=True)
    # The staging environment has its utility role say more; here every instance is that, too.
    ssm.delete_parameter(Name=f"/aerie/{NAME}/roles/utility/LOG_LEVEL")
    address, port = staging.net.door(mail)
    secret = {name: value for name, value in staging.secrets["app"].items() if "CLOUDFRONT" not in name}
    staging.secrets["app"] = secret | {"EMAIL_URL": f"smtp://{address}:{port}"}
    keeper.put_secret_value(SecretId=f"aerie/{NAME}/app", SecretString=json.dumps(staging.secrets["app"]))


def certificates(made: Site) -> Path:
    return made.staging.directory / "certificates"
