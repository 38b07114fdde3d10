"""The image by the scripts that Packer runs: every promise is kept, and each that is broken is told."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ops import roots

RELEASE = "9.9.9-image"
pytestmark = pytest.mark.timeout(1800)
Break = Callable[[Path], object]


@pytest.fixture(scope="module")
def root() -> Path:
    return roots.app_root(roots.PROJECT, RELEASE)


@pytest.fixture(scope="module")
def copy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One to break; each test mends what it broke."""
    copy = tmp_path_factory.mktemp("broken") / "root"
    copy.mkdir()
    roots.copy_root(root, copy)
    return copy


def verify(root: Path, *options: str) -> tuple[int, list[dict[str, object]]]:
    done = subprocess.run(
        ["chroot", str(root), "/opt/aerie/verify", "--json", *options], capture_output=True, text=True
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_the_image_keeps_every_promise(root: Path) -> None:
    code, results = verify(root)
    assert [result for result in results if not result["kept"]] == []
    assert (code, len(results) > 20) == (0, True)


def test_looking_at_an_image_changes_nothing_in_it(root: Path) -> None:
    before = _contents(root)
    verify(root)
    assert _contents(root) == before


def _contents(root: Path) -> str:
    listed = roots.run(
        "find", root, "-xdev", "-path", f"{root}/tmp", "-prune", "-o", "-printf", "%P %s %m %T@\n"
    )
    return hashlib.sha256(listed.encode()).hexdigest()


def write(name: str, text: str = "x") -> Break:
    def change(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return change


def remove(name: str) -> Break:
    return lambda root: (root / name).unlink()


def replace(name: str, old: str, new: str) -> Break:
    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return change


PACKAGES = "opt/aerie/venv/lib/python3.11/site-packages"
UNITS = "etc/systemd/system"
PRIVATE = "-----BEGIN EC PRIVATE KEY-----\n" + "A" * 64 + "\n-----END EC PRIVATE KEY-----\n"
BROKEN: list[tuple[str, str, Break]] = [
    ("users", "etc/passwd", replace("etc/passwd", "aerie-worker:", "aerie-wanderer:")),
    ("logins", "root/.ssh/authorized_keys", write("root/.ssh/authorized_keys")),
    ("no-ssh", "etc/ssh/ssh_host_rsa_key", write("etc/ssh/ssh_host_rsa_key")),
    ("no-ssh", f"{UNITS}/ssh.service", remove(f"{UNITS}/ssh.service")),
    ("no-compiler", "usr/bin/gcc", write("usr/bin/gcc")),
    ("no-compiler", f"{PACKAGES}/pip/__init__.py", write(f"{PACKAGES}/pip/__init__.py")),
    ("no-secrets", "opt/aerie/app/.env", write("opt/aerie/app/.env")),
    ("no-secrets", "etc/aerie.pem", write("etc/aerie.pem", PRIVATE)),
    ("no-secrets", "etc/aerie.conf", write("etc/aerie.conf", "key = AKIA" + "Q" * 16)),
    ("nothing-unique", "etc/machine-id", write("etc/machine-id", "1" * 32)),
    ("nothing-unique", "var/log/syslog", write("var/log/syslog")),
    ("nothing-unique", "var/lib/amazon/ssm/i-1/registration", write("var/lib/amazon/ssm/i-1/registration")),
    (
        "no-proxies",
        "etc/apt/apt.conf.d/99",
        write("etc/apt/apt.conf.d/99", 'Acquire::http::Proxy "http://x";'),
    ),
    ("programs", "usr/bin/mariadb-dump", remove("usr/bin/mariadb-dump")),
    ("sysctls", "etc/sysctl.d/99.conf", write("etc/sysctl.d/99.conf", "net.core.somaxconn = 128\n")),
    (
        "journal",
        "etc/systemd/journald.conf.d/60-aerie.conf",
        remove("etc/systemd/journald.conf.d/60-aerie.conf"),
    ),
    ("limits", "etc/security/limits.d/60-aerie.conf", remove("etc/security/limits.d/60-aerie.conf")),
    ("no-updates", f"{UNITS}/apt-daily.timer", remove(f"{UNITS}/apt-daily.timer")),
    ("units", f"{UNITS}/facts.service", remove(f"{UNITS}/facts.service")),
    (
        "units",
        f"{UNITS}/multi-user.target.wants/aerie-boot.service",
        remove(f"{UNITS}/multi-user.target.wants/aerie-boot.service"),
    ),
    (
        "units-verified",
        f"{UNITS}/scheduler.service",
        replace(f"{UNITS}/scheduler.service", "[Service]", "[Service]\nExecStart=/no/such/program"),
    ),
    (
        "units-hardened",
        f"{UNITS}/aerie-logs.service",
        write(f"{UNITS}/aerie-logs.service", "[Service]\nExecStart=/bin/true\n"),
    ),
    (
        "units-lasting",
        f"{UNITS}/console.service",
        replace(f"{UNITS}/console.service", "Restart=always", "Restart=no"),
    ),
    ("release", "opt/aerie/release.json", write("opt/aerie/release.json", '{"release": "1"}')),
    ("release", "opt/aerie/wheels.lock", write("opt/aerie/wheels.lock", "")),
    ("tree", "opt/aerie/app/tests/world.py", write("opt/aerie/app/tests/world.py")),
    ("packages", f"{PACKAGES}/redis/client.py", write(f"{PACKAGES}/redis/client.py", "# changed\n")),
    ("packages", f"{PACKAGES}/evil-1.0.dist-info/RECORD", write(f"{PACKAGES}/evil-1.0.dist-info/RECORD", "")),
    (
        "imports",
        f"{PACKAGES}/picows/__init__.py",
        write(f"{PACKAGES}/picows/__init__.py", "raise ImportError"),
    ),
    (
        "django",
        "opt/aerie/app/console/settings.py",
        replace(
            "opt/aerie/app/console/settings.py", 'X_FRAME_OPTIONS = "DENY"', 'X_FRAME_OPTIONS = "SAMEORIGIN"'
        ),
    ),
    ("programs-start", "opt/aerie/app/outpost/tls.py", remove("opt/aerie/app/outpost/tls.py")),
    ("static", "opt/aerie/static/staticfiles.json", remove("opt/aerie/static/staticfiles.json")),
    ("permissions", "opt/aerie/app/manage.py", lambda root: (root / "opt/aerie/app/manage.py").chmod(0o777)),
    ("no-wide-open-files", "etc/hosts", lambda root: (root / "etc/hosts").chmod(0o666)),
    ("no-wide-open-files", "usr/bin/find", lambda root: (root / "usr/bin/find").chmod(0o4755)),
]


@pytest.mark.parametrize(("name", "touched", "change"), BROKEN, ids=[f"{n}-{t}" for n, t, _ in BROKEN])
def test_a_broken_promise_is_told(root: Path, copy: Path, name: str, touched: str, change: Break) -> None:
    try:
        change(copy)
        code, results = verify(copy, "--only", name)
    finally:
        mend(root, copy, touched)
    assert (code, results[0]["kept"]) == (1, False)
    assert results[0]["problems"]


def mend(root: Path, copy: Path, touched: str) -> None:
    """The file, and for a new one its directories as well, is as in the root again."""
    if (root / touched).is_symlink() or (root / touched).exists():
        (copy / touched).unlink(missing_ok=True)
        shutil.copy2(root / touched, copy / touched, follow_symlinks=False)
        return
    path = copy / touched
    path.unlink()
    while not (root / path.parent.relative_to(copy)).exists():
        path = path.parent
        path.rmdir()


def test_every_promise_of_an_image_is_broken_above(root: Path) -> None:
    promised = {str(result["name"]) for result in verify(root)[1]}
    assert promised - {name for name, _, _ in BROKEN} == {"debian"}


def test_an_unknown_promise_is_a_wrong_question(root: Path) -> None:
    done = subprocess.run(
        ["chroot", root, "/opt/aerie/verify", "--only", "luck"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "luck" in done.stderr


def test_two_releases_stand_side_by_side(root: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for part in ("ami", "accounts", "devices", "jobs", "console", "outpost", "instance"):
        shutil.copytree(roots.PROJECT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("manage.py", "requirements.lock"):
        shutil.copy(roots.PROJECT / part, tree / part)
    (tree / "console" / "newer.py").write_text("NEWER = True\n")
    newer = roots.app_root(tree, "10.0.0-image")
    assert (newer / "opt/aerie/app/console/newer.py").exists()
    assert not (root / "opt/aerie/app/console/newer.py").exists()
    assert json.loads((newer / "opt/aerie/release.json").read_text())["release"] == "10.0.0-image"


def test_a_wheel_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    """What is installed is what was locked, or the build ends."""
    root = tmp_path / "root"
    root.mkdir()
    roots.copy_root(roots.base_root(), root)
    roots.upload(root, roots.PROJECT / "ami", roots.PROJECT)
    wheel = next((root / "var/tmp/aerie/wheels").glob("segno-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    lock = (root / "var/tmp/aerie/wheels/requirements.lock").read_bytes()
    told = {"AERIE_RELEASE": "1", "AERIE_COMMIT": "0" * 40, "AERIE_BUILT_AT": "2026-01-01T00:00:00Z"}
    with pytest.raises(roots.BuildFailed, match="HASHES"):
        roots.provision(root, "app.sh", AERIE_WHEELS=hashlib.sha256(lock).hexdigest(), **told)
