"""Packer's own run against a local AWS: its provisioners work over ssh, and an image's id comes out.

Debian's image is a root of debootstrap's with sshd on the loopback address (apt needs the way out); the base
image is a booted machine without any way out: an app image needs none.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ops import roots
from tests.ops.aws import LocalAws, local_aws
from tests.ops.machines import Machine, subnet
from tests.servers import free_port

BUILD = roots.PROJECT / "ami" / "build"
RELEASE = "9.9.9-packer"
PINNED = re.search(r"^DATABASE_CA_SHA256=\w", (roots.PROJECT / "ami/versions.sh").read_text(), re.MULTILINE)
pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not shutil.which("packer"), reason="Packer is not installed: bin/install ops"),
]


@dataclass(frozen=True)
class Key:
    """An ssh key; its private half is a file."""

    private: Path

    def let_in(self, root: Path) -> None:
        """As cloud-init does on EC2: the user admin, who may become root, this key, new host keys."""
        public = self.private.with_suffix(".pub").read_text()
        roots.run("chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", "admin")
        (root / "etc/sudoers.d/90-cloud-init-users").write_text("admin ALL=(ALL) NOPASSWD:ALL\n")
        (root / "home/admin/.ssh").mkdir(mode=0o700)
        (root / "home/admin/.ssh/authorized_keys").write_text(public)
        roots.run("chroot", root, "chown", "--recursive", "admin:", "/home/admin/.ssh")
        roots.run("chroot", root, "ssh-keygen", "-A")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    private = tmp_path_factory.mktemp("key") / "builder"
    roots.run("ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-b", "2048", "-N", "", "-f", private)
    return Key(private)


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with local_aws(["machine_images"]) as aws:
        yield aws


def build(aws: LocalAws, key: Key, host: str, port: int, *options: str) -> subprocess.CompletedProcess[str]:
    variables = {"ssh_host": host, "ssh_port": str(port), "ssh_private_key_file": str(key.private)}
    told = [word for name, value in variables.items() for word in ("--set", f"{name}={value}")]
    surroundings = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
    return subprocess.run(
        [BUILD, "--arch", "amd64", "--without-agents", *told, *options],
        env=surroundings | aws.environment | {"AERIE_RELEASE": RELEASE, "AWS_POLL_DELAY_SECONDS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def image(aws: LocalAws, ami: str) -> dict[str, object]:
    return aws.client("ec2").describe_images(ImageIds=[ami])["Images"][0]


def tags(aws: LocalAws, ami: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in image(aws, ami)["Tags"]}


@contextmanager
def debian_with_ssh(key: Key, directory: Path) -> Iterator[tuple[Path, int]]:
    """(root, port): an sshd in Debian's root, which reaches Debian's packages as this machine does."""
    root, port = directory / "debian", free_port()
    roots.copy_root(roots.debian_root(), root)
    key.let_in(root)
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    lent = [f"--bind-ro={sources}"] if sources.exists() else []
    sshd = "mkdir -p /run/sshd; exec /usr/sbin/sshd -D -e -o ListenAddress=127.0.0.1:"
    named = ["--directory", str(root), f"--machine=debian-{os.getpid()}"]
    nspawn = ["systemd-nspawn", "--quiet", *named, "--register=no", "--keep-unit", *lent]
    process = subprocess.Popen([*nspawn, "/bin/sh", "-c", f"{sshd}{port}"], stdin=subprocess.DEVNULL)
    try:
        yield root, port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(root)


@contextmanager
def base_machine(key: Key, directory: Path) -> Iterator[Machine]:
    root = directory / "base"
    roots.copy_root(roots.base_root(), root)
    key.let_in(root)
    try:
        with subnet() as network:
            yield network.machine().start(root, "")
    finally:
        shutil.rmtree(root)


@pytest.fixture(scope="module")
def base(aws: LocalAws, key: Key, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of a base image that Packer made of Debian's."""
    debian = aws.client("ec2").describe_images()["Images"][0]["ImageId"]
    with debian_with_ssh(key, tmp_path_factory.mktemp("debian")) as (root, port):
        done = build(aws, key, "127.0.0.1", port, "--base-only", "--debian", debian)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (root / "etc/sysctl.d/60-aerie.conf").exists()
        assert not (root / "home/admin/.ssh").exists()
    return done.stdout.split()[-1]


def test_packer_builds_a_base_image_that_tells_what_went_into_it(aws: LocalAws, base: str) -> None:
    assert tags(aws, base)["BaseKey"] == f"{roots.key('base')}-without-agents"
    assert image(aws, base)["Architecture"] == "x86_64"


def test_packer_builds_a_release_on_the_base_it_finds(
    aws: LocalAws, key: Key, base: str, tmp_path: Path
) -> None:
    wheels = str(roots.wheels())
    with base_machine(key, tmp_path) as machine:
        done = build(aws, key, machine.address, 22, "--wheels", wheels)
        assert done.returncode == 0, done.stdout + done.stderr
        release = machine.run("cat", "/opt/aerie/release.json")
    ami = done.stdout.split()[-1]
    assert f"is {base}." in done.stderr
    assert tags(aws, ami)["Release"] == RELEASE
    assert tags(aws, ami)["Commit"] in release


@pytest.mark.skipif(PINNED, reason="the checksums of Amazon's files are written in ami/versions.sh")
def test_nothing_is_started_for_an_image_that_lacks_checksums(aws: LocalAws, base: str) -> None:
    """Also where there is a base image, but one without Amazon's agent."""
    surroundings = os.environ | aws.environment | {"AERIE_RELEASE": RELEASE}
    done = subprocess.run([BUILD, "--arch", "amd64"], env=surroundings, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "")
    assert "agents.sh --pin tells" in done.stderr
    assert "amazon-ebs" not in done.stderr


@pytest.mark.parametrize("name", ["base", "app"])
def test_disks_are_encrypted_gp3_that_old_packer_sends_with_a_throughput(name: str) -> None:
    """The local AWS forgets what a disk of an image was like."""
    text = " ".join((roots.PROJECT / "ami" / f"{name}.pkr.hcl").read_text().split())
    for setting in ("encrypted = true", 'volume_type = "gp3"', "throughput = 125"):
        assert setting in text


def test_nothing_of_the_builder_stays_on_aws(aws: LocalAws, base: str) -> None:
    client = aws.client("ec2")
    instances = [one for group in client.describe_instances()["Reservations"] for one in group["Instances"]]
    assert instances
    assert {one["State"]["Name"] for one in instances} == {"terminated"}
    assert all({"Key": "Builder", "Value": "packer"} in one["Tags"] for one in instances)
    assert [one["GroupName"] for one in client.describe_security_groups()["SecurityGroups"]] == ["default"]


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--arch", "vax"], 2), (["--surprise"], 2), (["--help"], 0)],
)
def test_a_wrong_word_is_told_and_nothing_is_built(words: list[str], code: int) -> None:
    done = subprocess.run([BUILD, *words], capture_output=True, text=True)
    assert done.returncode == code
    assert done.stdout + done.stderr
