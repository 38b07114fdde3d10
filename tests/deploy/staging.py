"""An environment as Terraform leaves it, in the local AWS, and a console that answers as instances would."""

import base64
import http.server
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from deploy import groups, records, state
from deploy.__main__ import main
from deploy.environments import Environment
from deploy.lock import LEASE
from deploy.records import Record
from deploy.state import Image
from tests.ops.aws import REGION, LocalAws

ROLES = ("console", "worker", "utility", "outpost")
INSTANCES = 2
ALARM = "aerie-staging-console-errors"
BEFORE = "0.0.9+00000000"
WORDS = r"^[a-z_]+( [A-Za-z0-9_./:=@,+-]+)*$"  # as terraform/app/sessions.tf lets through


class Written:
    """A deploy's words; ``then`` is called once, when a line holds ``at``."""

    def __init__(self, at: str = "", then: Callable[[], object] = lambda: None) -> None:
        self.lines: list[str] = []
        self.stop_at, self.then = at, then

    def __enter__(self) -> "Written":
        return self

    def __exit__(self, *_: object) -> None: ...

    def begin(self, step: str) -> None:
        self.say(f"{step} begins")

    def at(self, percent: float, words: str = "") -> None:
        self.say(f"{percent:.0f} % {words}")

    def end(self, words: str = "done") -> None:
        self.say(words)

    def say(self, words: str) -> None:
        self.lines.append(words)
        if self.stop_at and self.stop_at in words:
            self.stop_at = ""
            self.then()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass
class Staging:
    """The environment, what it shows to the outside, and the project that is deployed to it."""

    aws: LocalAws
    project: Path
    region: str = REGION
    images: dict[str, str] = field(default_factory=dict)
    versions: dict[tuple[str, str], str] = field(default_factory=dict)  # of launch templates, to releases
    broken: set[str] = field(default_factory=set)  # releases whose sign-in page fails
    cut: list[bytes] = field(default_factory=list)  # what visitors get instead of the next answers
    later: timedelta = timedelta(0)  # so long after now it is, for deploys

    @cached_property
    def environment(self) -> Environment:
        return Environment("staging", self.region)

    def api(self, service: str) -> Any:
        """A client, made once: making one takes longer than most of what is asked."""
        return self.environment.client(service)

    def run(self, *words: str, written: Written | None = None, code: int = 0) -> Written:
        """``python -m deploy …`` that waits for nothing; the code is what it must end with."""
        written = written or Written()
        found = main([*words, "--region", self.region], written, **self.wished())
        assert found == code, written.text
        return written

    def wished(self) -> dict[str, Any]:
        later = self.later
        return {"project": self.project, "sleep": lambda _: None, "now": lambda: datetime.now(UTC) + later}

    def words(self, release: str, *more: str) -> tuple[str, ...]:
        """To deploy an image that is there already; the tree is not looked at."""
        skipped = ("--skip", "check", "--skip", "static")
        return ("deploy", "staging", "--ami", self.image(release), *skipped, *more)

    def deploy(self, release: str, *more: str, code: int = 0, written: Written | None = None) -> Written:
        return self.run(*self.words(release, *more), code=code, written=written)

    def killed(self, *words: str, at: str) -> bool:
        """A deploy in a process of its own, killed with -9 at this line, or before its call number ``at`` of
        AWS; whether it came so far. Afterwards the lease of its lock is over.
        """
        told = [str(self.project), str(int(self.later.total_seconds())), at, *words, "--region", self.region]
        process = subprocess.run(
            [sys.executable, "-m", "tests.deploy.killed", *told], capture_output=True, text=True
        )
        assert process.returncode in (0, -signal.SIGKILL), process.stdout + process.stderr
        self.later += LEASE
        return process.returncode != 0

    def image(self, release: str, **tags: str) -> str:
        if release not in self.images:
            ec2 = self.api("ec2")
            ami = ec2.register_image(Name=f"aerie-{release}", RootDeviceName="/dev/xvda")["ImageId"]
            pairs = {"Release": release} | tags
            ec2.create_tags(Resources=[ami], Tags=[{"Key": key, "Value": pairs[key]} for key in pairs])
            self.images[release] = ami
        return self.images[release]

    def running(self) -> dict[str, list[str]]:
        """The releases of each role's instances, as their user data tells it."""
        found = groups.found(self.environment)
        return {role: [self._release(one) for one in found[role]["Instances"]] for role in found}

    def _release(self, instance: dict[str, Any]) -> str:
        template = instance["LaunchTemplate"]
        key = template["LaunchTemplateId"], template["Version"]
        if key not in self.versions:
            asked = {"LaunchTemplateId": key[0], "Versions": [key[1]]}
            answer = self.api("ec2").describe_launch_template_versions(**asked)
            data = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
            self.versions[key] = groups.release_in(data["UserData"])
        return self.versions[key]

    def consoles(self) -> set[str]:
        """What visitors may meet."""
        return {self._release(one) for one in groups.found(self.environment)["console"]["Instances"]}

    def all_run(self, release: str) -> bool:
        return {one for releases in self.running().values() for one in releases} == {release}

    def everything(self) -> dict[str, list[str]]:
        """What is in AWS, in so far as a deploy could change it."""
        ssm, s3 = self.api("ssm"), self.api("s3")
        parameters = ssm.get_parameters_by_path(Path="/aerie/", Recursive=True)["Parameters"]
        buckets = [f"aerie-{kind}-{self.region}" for kind in ("static", "releases")]
        objects = [one for bucket in buckets for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        return {
            "parameters": sorted(f"{one['Name']} {one['Version']}" for one in parameters),
            "objects": sorted(f"{one['Key']} {one['ETag']}" for one in objects),
            "instances": sorted(self.instances()),
            "versions": sorted(f"{role} {self.template_versions(role)}" for role in ROLES),
            "refreshes": sorted(f"{role} {len(self.refreshes(role))}" for role in ROLES),
            "commands": [one["CommandId"] for one in ssm.list_commands()["Commands"]],
        }

    def instances(self, **filters: str) -> list[str]:
        """Ids of all there ever were, ended ones as well."""
        names = {"state": "instance-state-name", "purpose": "tag:aerie:purpose"}
        asked = [{"Name": names[name], "Values": [value]} for name, value in filters.items()]
        found = self.api("ec2").describe_instances(Filters=asked)["Reservations"]
        return [one["InstanceId"] for reservation in found for one in reservation["Instances"]]

    def template_versions(self, role: str) -> int:
        name = f"aerie-staging-{role}"
        found = self.api("ec2").describe_launch_template_versions(LaunchTemplateName=name)
        return len(found["LaunchTemplateVersions"])

    def refreshes(self, role: str) -> list[str]:
        """How each that there was ended, the newest first."""
        name = f"aerie-staging-{role}"
        found = self.api("autoscaling").describe_instance_refreshes(AutoScalingGroupName=name)
        return [one["Status"] for one in found["InstanceRefreshes"]]

    def grow(self, role: str, to: int) -> None:
        name = f"aerie-staging-{role}"
        self.api("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=to)

    def ring(self, name: str = ALARM) -> None:
        self.api("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")

    def alarm(self, name: str, state: str) -> None:
        """One that stops deploys, published by this state of Terraform's."""
        told = {"Namespace": "Aerie", "MetricName": "Errors", "Period": 60, "EvaluationPeriods": 1}
        told |= {"Threshold": 1, "Statistic": "Sum", "ComparisonOperator": "GreaterThanThreshold"}
        self.api("cloudwatch").put_metric_alarm(AlarmName=name, **told)
        parameter = f"/aerie/staging/{state}/rollback_alarms"
        self.api("ssm").put_parameter(Name=parameter, Value=name, Type="StringList")

    def released(self) -> tuple[str, str]:
        """In service, and before it."""
        ask = self.environment.parameter
        return ask("release/version"), ask("release/previous_version")

    def records(self) -> list[dict[str, Any]]:
        return records.latest(self.environment, 10)


@contextmanager
def outside(staging: Staging) -> Iterator[str]:
    """What the balancer would give visitors: one of the console's instances, whichever comes."""

    class Console(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if staging.cut:
                self.wfile.write(staging.cut.pop(0))
                return
            releases = staging.consoles()
            status, body = _answer(self.path, "".join(releases) if len(releases) == 1 else "both", staging)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Console)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _answer(path: str, release: str, staging: Staging) -> tuple[int, str]:
    if path == "/livez":
        return 200, f"ok {release}\n"
    if path.startswith("/account/login/"):
        broken = release in staging.broken
        return (500, "") if broken else (200, '<form></form><link href="/static/app.0123456789ab.css">')
    return 200, "{}"


def make(aws: Staging, release: str = "") -> None:
    """What Terraform makes, by the names of the contract; and this release in service."""
    ec2, ssm = aws.api("ec2"), aws.api("ssm")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    for kind in ("static", "releases"):
        bucket = f"aerie-{kind}-{aws.region}"
        region = {"LocationConstraint": aws.region}
        aws.api("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=region)
        ssm.put_parameter(Name=f"/aerie/staging/data/{kind}_bucket", Value=bucket, Type="String")
    aws.alarm(ALARM, "app")
    words = {"type": "String", "description": "of manage.py", "allowedPattern": WORDS}
    document = {"schemaVersion": "2.2", "description": "manage.py", "parameters": {"words": words}}
    ssm.create_document(Content=json.dumps(document), Name="aerie-staging-manage", DocumentType="Command")
    first = ec2.register_image(Name="aerie-first", RootDeviceName="/dev/xvda")["ImageId"]
    for role in ROLES:
        _group(aws, role, first, subnet, release)
    if release:
        _in_service(aws.environment, Image(release, aws.image(release)))


def _in_service(environment: Environment, image: Image) -> None:
    record = Record("deploy", environment.name, "arn:aws:sts::1:ada", "", image.version, "", image.ami)
    record.begin(environment)
    record.end(environment, "done")
    state.settle(environment, state.begin(environment, image))


def _group(aws: Staging, role: str, image: str, subnet: str, release: str) -> None:
    name, told = f"aerie-staging-{role}", {"roles": [role], "environment": "staging", "region": aws.region}
    text = groups.FIRST_LINE + "\n" + json.dumps({"aerie": told | {"release": "none"}})
    data = {"ImageId": image, "InstanceType": "t3.small"}
    data |= {"UserData": base64.b64encode(text.encode()).decode()}
    template = aws.api("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    group: dict[str, Any] = {
        "LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"],
        "Version": "1",
    }
    if release:
        named = Image(release, aws.image(release))
        group["Version"] = groups.version_for(aws.environment, {"LaunchTemplate": group}, named)
    wanted: dict[str, Any] = {"LaunchTemplate": group}
    if role == "worker":  # spot instances beside the others
        inner = {"LaunchTemplateSpecification": group}
        inner["Overrides"] = [{"InstanceType": "t3.small"}, {"InstanceType": "t3a.small"}]
        wanted = {"MixedInstancesPolicy": {"LaunchTemplate": inner}}
    aws.api("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name, MinSize=1, MaxSize=4, DesiredCapacity=INSTANCES,
        VPCZoneIdentifier=subnet, **wanted,
    )  # fmt: skip


def make_project(to: Path) -> Path:
    """A git checkout whose gate passes and whose image comes out of ``built``."""
    (to / "ami").mkdir(parents=True)
    (to / "pyproject.toml").write_text('[project]\nname = "aerie"\nversion = "0.1.0"\n')
    (to / "Makefile").write_text("check:\n\t@test ! -e broken\n")
    (to / ".gitignore").write_text("built\n")
    build = to / "ami" / "build"
    build.write_text('#!/bin/sh\necho "building $AERIE_RELEASE"\ncat built\n')
    build.chmod(0o755)
    git(to, "init", "--quiet")
    commit(to, "Begin")
    return to


def commit(project: Path, subject: str) -> None:
    git(project, "add", "--all")
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@lento.example"]
    git(project, *who, "commit", "--quiet", "--allow-empty", "--message", subject)


def git(project: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(project), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
