"""Terraform's states on a local AWS, run by the same command that ops run: ``bin/infrastructure``."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.ops.aws import REGION, LocalAws
from tests.servers import temporary_directory

ROOT = Path(__file__).parents[2]
# Those of one line wait for those above, and not for each other; the outposts' alarms go to the topic of app.
ORDER = (("network",), ("data",), ("app",), ("outpost",))
STATES = tuple(state for line in ORDER for state in line)
PARALLELISM = 30
PASSWORD = "a-password-that-is-in-no-state"
TOKEN = "AtokenThatRedisWantsToSee"
APP = "SECRET_KEY FIELD_ENCRYPTION_KEYS OUTPOST_STORE_KEYS BACKUP_KEYS METRICS_TOKEN EMAIL_URL CLOUDFRONT_KEY"
OUTPOST = "OUTPOST_STORE_KEYS OUTPOST_TLS_CERT_PEM OUTPOST_TLS_KEY_PEM OUTPOST_CLIENT_CA_PEM"


class TerraformFailed(AssertionError):
    """It ended with an error; the message ends with what it wrote."""


def _secrets(names: str) -> str:
    return json.dumps({name: f"{name.lower()}-{PASSWORD}" for name in names.split()})


def variables(endpoint: str) -> dict[str, str]:
    """What ops have in their shell, and where the local AWS is."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    told = {
        "local_endpoint": endpoint,
        "database_password": PASSWORD,
        "redis_token": TOKEN,
        "files_public_keys": json.dumps({"first": pem.decode()}),
        "app_secrets": _secrets(APP),
        "outpost_secrets": _secrets(OUTPOST),
        "first_image": "ami-0e9271c829888680e",  # moto has it, for arm64
    }
    return {f"TF_VAR_{name}": value for name, value in told.items()}


def _backend(endpoint: str) -> str:
    """Arguments of ``terraform init`` that lead the S3 backend to the local AWS."""
    told = ["access_key=local", "secret_key=local", f'endpoints={{"s3":"{endpoint}"}}', "use_path_style=true"]
    told += [f"skip_{name}=true" for name in ("credentials_validation", "requesting_account_id")]
    told += ["skip_metadata_api_check=true", "skip_region_validation=true", "skip_s3_checksum=true"]
    return " ".join(f"-backend-config='{one}'" for one in told)


@dataclass
class Infrastructure:
    """A copy of terraform/, in which the states of one environment are applied."""

    directory: Path
    aws: LocalAws
    environment: str = "staging"
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def surroundings(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
        if plugins := os.environ.get("TF_PLUGIN_DIR"):
            mine["TF_PLUGIN_DIR"] = plugins
        init = {
            "TF_CLI_ARGS_init": _backend(self.aws.endpoint),
            "TF_CLI_ARGS": "-no-color",
            "CHECKPOINT_DISABLE": "true",
        }
        return mine | {"AWS_EC2_METADATA_DISABLED": "true"} | init | variables(self.aws.endpoint)

    def run(self, state: str, verb: str, *arguments: str) -> str:
        """Run one verb on one state; what it printed. Raises ``TerraformFailed``."""
        begun = time.monotonic()
        command = [self.directory / "bin" / "infrastructure", self.environment, state, verb, *arguments]
        ran = subprocess.run(
            [str(one) for one in command if one],
            env=self.surroundings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        self.seconds[f"{verb} {state}".strip()] = time.monotonic() - begun
        if ran.returncode:
            wrong = ran.stderr[max(ran.stderr.find("Error:"), 0) :]
            raise TerraformFailed(f"{verb} {state}:\n{ran.stdout[-1000:]}\n{wrong[:6000]}")
        return ran.stdout

    def bootstrap(self) -> None:
        """Make the bucket of the states."""
        self.run("bootstrap", "", *self._freely())

    def make_bucket(self) -> None:
        """The bucket of the states without Terraform, which waits a minute for its life cycle rules."""
        place = {"LocationConstraint": REGION}
        name = f"aerie-{self.environment}-states"
        self.aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)

    def apply(self, state: str) -> None:
        self.run(state, "apply", *self._freely())

    def destroy(self, state: str) -> None:
        """Without looking again at what was just planned."""
        self.run(state, "destroy", "-refresh=false", *self._freely())

    def changes(self, state: str) -> list[dict[str, Any]]:
        """What a plan would do to resources now: Terraform's ``resource_changes`` that are not no-ops."""
        file = self.directory / f"{state}.plan"
        self.run(state, "plan", f"-out={file}", f"-parallelism={PARALLELISM}", "-input=false", "-lock=false")
        told = json.loads(self.run(state, "show", "-json", str(file)))
        return [
            one
            for one in told.get("resource_changes", [])
            if one["change"]["actions"] not in (["no-op"], ["read"])
        ]

    def contents(self, state: str) -> dict[str, Any]:
        """The state itself, where Terraform keeps it."""
        bucket = f"aerie-{self.environment}-states"
        kept = self.aws.client("s3").get_object(Bucket=bucket, Key=f"{state}.tfstate")
        return dict(json.loads(kept["Body"].read()))

    def _freely(self) -> list[str]:
        return ["-auto-approve", "-input=false", f"-parallelism={PARALLELISM}"]


def in_order(verb: Callable[[str], Any], backwards: bool = False) -> None:
    """Do it to every state, each as soon as those that it builds on are done."""
    with ThreadPoolExecutor() as threads:
        for line in reversed(ORDER) if backwards else ORDER:
            list(threads.map(verb, line))


@contextmanager
def infrastructure(aws: LocalAws, environment: str = "staging") -> Iterator[Infrastructure]:
    """A copy of what is committed or about to be, with nothing applied yet."""
    with temporary_directory() as directory:
        clutter = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "*_override.tf")
        shutil.copytree(ROOT / "terraform", directory / "terraform", ignore=clutter)
        (directory / "bin").mkdir()
        shutil.copy2(ROOT / "bin" / "infrastructure", directory / "bin")
        yield Infrastructure(directory, aws, environment)


def known_secrets() -> tuple[str, ...]:
    """What must be found in no state, as it is or in base64."""
    return PASSWORD, base64.b64encode(PASSWORD.encode()).decode().rstrip("=")[:-1]
