"""A whole environment for machines: MariaDB, Redis and a local AWS outside of them, told as production is.

``with environment(root) as staging`` has the schema, the demo's customer, parameters, secrets, a bucket and
an auto-scaling group for each role with its hooks; ``staging.start("console")`` boots a machine of it.
"""

import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.ops.aws import REGION, LocalAws, local_aws
from tests.ops.machines import Machine, Subnet, subnet
from tests.outpost.certificates import Authority
from tests.servers import MariaDB, Redis, temporary_directory

PROJECT = Path(__file__).resolve().parents[2]
NAME, RELEASE = "staging", "0.2.0"
LOGIN, PASSWORD = "demo@aerie.example", "slow coffee, fast wifi"
FIRST_SERIAL = "02ae21e00001"
HOST = "wifi.example.org"
HOOKS = {"ready": "autoscaling:EC2_INSTANCE_LAUNCHING", "drain": "autoscaling:EC2_INSTANCE_TERMINATING"}
# What every role may be told; more than a page of SSM's answers, which holds ten.
PARAMETERS = {
    "ALLOWED_HOSTS": HOST,
    "CONSOLE_PUBLIC_URL": f"https://{HOST}",
    "CSRF_TRUSTED_ORIGINS": f"https://{HOST}",
    "OUTPOST_PUBLIC_URL": "wss://outpost.example.org:15002",
    "STORAGE_URL": "s3://aerie-files",
    "TRUSTED_PROXIES": "1",
    "LOG_LEVEL": "INFO",
    "DEFAULT_FROM_EMAIL": "Aerie <aerie@example.org>",
    "OPERATORS_EMAIL": "ops@example.org",
    "OUTPOST_DEVICE_AUTH": "certificate",
    "OUTPOST_LOG_LEVEL": "info",
    "OUTPOST_DRAIN_SECONDS": "2",
    "DRAIN_SECONDS": "2",
    "WORKER_GRACE_SECONDS": "5",
}


@dataclass
class Staging:
    """``root`` is what machines boot; everything secret is in ``secrets``."""

    root: Path
    aws: LocalAws
    database: MariaDB
    redis: Redis
    net: Subnet
    directory: Path
    authority: Authority
    endpoint: str = ""
    release: str = RELEASE
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)

    def start(self, role: str, *more: str) -> Machine:
        """Boot a machine of these roles, the oldest instance of the first one's group that has none yet."""
        machine = self.net.machine()
        machine.imds.instance_id = self._instance(role)
        machine.imds.answers["meta-data/instance-id"] = machine.instance_id
        self.machines[machine.instance_id] = machine
        return machine.start(self.root, self.user_data(role, *more))

    def user_data(self, *roles: str) -> str:
        told = {"roles": list(roles), "environment": NAME, "region": REGION, "release": self.release}
        return "#cloud-config\n" + json.dumps({"aerie": told | {"endpoint_url": self.endpoint}})

    def manage(self, *words: str, tree: Path = PROJECT) -> str:
        """manage.py from outside, on the same database, Redis and keys. Raises ``RuntimeError``."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=tree, env=self.variables, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-3000:]}")
        return done.stdout

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a process of ours outside of the machines."""
        local = {
            "DATABASE_URL": self.database.url,
            "REDIS_URL": f"{self.redis.url}/0",
            "LIVE_STORE_URL": f"{self.redis.url}/1",
            "AERIE_ENV": "demo",
            "DEMO_PASSWORD": PASSWORD,
            "DJANGO_SETTINGS_MODULE": "console.settings",
        }
        return os.environ | PARAMETERS | self.aws.environment | self.secrets["app"] | local

    def activities(self, role: str) -> list[str]:
        """What was said to the role's auto-scaling group, oldest first."""
        scaling = self.aws.client("autoscaling")
        told = scaling.describe_scaling_activities(AutoScalingGroupName=f"aerie-{NAME}-{role}")["Activities"]
        return [one["Description"] for one in reversed(told)]

    def logged(self, role: str, machine: Machine) -> list[dict[str, object]]:
        """The lines CloudWatch Logs has of this machine, in order."""
        logs, found = self.aws.client("logs"), []
        about = {"logGroupName": f"/aerie/{NAME}/{role}", "logStreamName": machine.instance_id}
        answer = logs.get_log_events(**about, startFromHead=True, limit=10_000)
        while answer["events"]:
            found += answer["events"]
            answer = logs.get_log_events(
                **about, startFromHead=True, limit=10_000, nextToken=answer["nextForwardToken"]
            )
        return [json.loads(event["message"]) for event in found]

    def _instance(self, role: str) -> str:
        scaling, name = self.aws.client("autoscaling"), f"aerie-{NAME}-{role}"
        group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
        free = [one["InstanceId"] for one in group["Instances"] if one["InstanceId"] not in self.machines]
        if free:
            return str(free[0])
        scaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=group["DesiredCapacity"] + 1)
        return self._instance(role)


@contextlib.contextmanager
def environment(root: Path, access_points: int = 3) -> Iterator[Staging]:
    """All of it, with the demo's customer and as many access points of theirs; removed at the end."""
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(temporary_directory())
        database, redis = MariaDB(directory), Redis(directory)
        for server in (database, redis):
            stack.callback(server.kill)
            server.start()
        aws, net = stack.enter_context(local_aws()), stack.enter_context(subnet())
        staging = Staging(root, aws, database, redis, net, directory, Authority(directory / "ca"))
        tell(staging)
        staging.manage("migrate", "--verbosity", "0")
        staging.manage("createcachetable")
        if access_points:
            staging.manage("seed_demo", "--first-serial", FIRST_SERIAL, "--access-points", str(access_points))
        yield staging


def tell(staging: Staging) -> None:
    """Parameters, secrets, bucket and groups, as Terraform makes them."""
    _, port = staging.net.door(int(staging.aws.endpoint.rpartition(":")[2]))
    staging.endpoint = f"http://{staging.net.gateway}:{port}"
    staging.secrets = _secrets(staging)
    staging.aws.client("s3").create_bucket(
        Bucket="aerie-files", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    ssm, keeper = staging.aws.client("ssm"), staging.aws.client("secretsmanager")
    for name, value in PARAMETERS.items():
        ssm.put_parameter(Name=f"/aerie/{NAME}/environment/{name}", Value=value, Type="String")
    ssm.put_parameter(Name=f"/aerie/{NAME}/roles/utility/LOG_LEVEL", Value="DEBUG", Type="String")
    for name, told in staging.secrets.items():
        keeper.create_secret(Name=f"aerie/{NAME}/{name}", SecretString=json.dumps(told))
    for role in ("console", "worker", "utility", "outpost"):
        make_group(staging.aws, role)


def _secrets(staging: Staging) -> dict[str, dict[str, str]]:
    gateway = staging.net.gateway
    _, mysql = staging.net.door(staging.database.port)
    _, redis = staging.net.door(staging.redis.port)
    certificate, key = staging.authority.issue(["localhost"], stem="outpost")
    # Any private key will do to be told over several lines.
    cloudfront = {"CLOUDFRONT_DOMAIN": "d1.cloudfront.example", "CLOUDFRONT_KEY_ID": "K1"}
    app = {
        "SECRET_KEY": secrets.token_urlsafe(48) + "\"'$`\\ #",
        "FIELD_ENCRYPTION_KEYS": _key(),
        "DATABASE_URL": f"mysql://root@{gateway}:{mysql}/aerie",
        "REDIS_URL": f"redis://{gateway}:{redis}/0",
        "LIVE_STORE_URL": f"redis://{gateway}:{redis}/1",
        "EMAIL_URL": "consolemail://",
        "OUTPOST_STORE_KEYS": _key(),
        "BACKUP_KEYS": _key(),
        "METRICS_TOKEN": secrets.token_urlsafe(24),
        "CLOUDFRONT_KEY": key.read_text(),
    }
    outpost = {
        "OUTPOST_STORE": f"redis://{gateway}:{redis}/1",
        "OUTPOST_STORE_KEYS": app["OUTPOST_STORE_KEYS"],
        "OUTPOST_TLS_CERT_PEM": certificate.read_text(),
        "OUTPOST_TLS_KEY_PEM": key.read_text(),
        "OUTPOST_CLIENT_CA_PEM": staging.authority.file.read_text(),
    }
    return {"app": app | cloudfront, "outpost": outpost}


def make_group(aws: LocalAws, role: str) -> None:
    name, scaling = f"aerie-{NAME}-{role}", aws.client("autoscaling")
    aws.client("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "t4g.small"}
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        MinSize=0,
        MaxSize=9,
        DesiredCapacity=1,
        AvailabilityZones=[f"{REGION}a"],
    )
    for hook, transition in HOOKS.items():
        scaling.put_lifecycle_hook(
            AutoScalingGroupName=name,
            LifecycleHookName=hook,
            LifecycleTransition=transition,
            HeartbeatTimeout=300,
        )


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
