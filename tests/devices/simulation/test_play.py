"""The program: arguments, signals, figures, exit codes; run as a process of its own."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-m", "devices.simulation"]


def started(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [*PROGRAM, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(*arguments: str) -> tuple[int, str, str]:
    with started(*arguments) as program:
        out, err = program.communicate(timeout=60)
    return program.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(cloud, number):
    with started("--url", cloud.url, "--count", "3", "--ramp", "0", "--json") as program:
        cloud.wait_for(lambda: len(cloud.all("connect")) == 3)
        program.send_signal(number)
        out, err = program.communicate(timeout=60)
    summary = json.loads(out.splitlines()[-1])
    assert (program.returncode, err) == (0, "")
    assert (summary["connects"], summary["connected"], summary["alarms"]) == (3, 0, [])


def test_summary_lines_come_now_and_then(cloud):
    with started("--url", cloud.url, "--count", "2", "--summary", "0.1") as program:
        line = next(line for line in program.stdout if "connected 2/2" in line)
        program.terminate()
    assert "push p50" in line


def test_a_duration_ends_it(cloud):
    assert ended("--url", cloud.url, "--count", "2", "--duration", "0.2")[0] == 0


def test_serials_come_from_a_file_with_their_models(cloud, tmp_path):
    (tmp_path / "serials").write_text("# the lobby\n02:AE:51:00:00:09 cig_wf189\n\n02ae5100000a\n")
    with started("--url", cloud.url, "--serials-file", str(tmp_path / "serials")) as program:
        cloud.wait_for(lambda: len(cloud.all("connect")) == 2)
        program.terminate()
        program.communicate(timeout=60)
    models = {
        message["params"]["serial"]: message["params"]["capabilities"] for message in cloud.all("connect")
    }
    assert models["02ae51000009"]["compatible"] == "cig_wf189"
    assert "02ae5100000a" in models


def test_it_says_why_it_cannot_connect():
    code, out, _ = ended("--url", "ws://127.0.0.1:1/", "--count", "1", "--strict", "--connect-limit", "0.2")
    assert code == 3
    assert "ALARM: 1 not connected for 0.2 s (02ae51000001): ConnectionRefusedError" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--count", "0"], "'0' is not a whole number from 1 up"),
        (["--count", "lots"], "'lots' is not a whole number from 1 up"),
        (["--count", "10000000"], "open files are needed"),
        (["--first-serial", "xyz"], "'xyz' is not a serial"),
        (["--first-serial", "ffffffffffff"], "leaves no room"),
        (["--url", "http://x"], "is not a ws:// or wss:// address"),
        (["--reject-share", "2"], "'2' is not a share from 0 to 1"),
        (["--refuse-share", "0.6", "--reject-share", "0.6"], "more than everybody"),
        (["--interval", "nan"], "'nan' is not a number from 0 up"),
        (["--apply", "2", "1"], "the shorter time first"),
        (["--models", "toaster"], "'toaster' is not one of"),
        (["--reconnect", "0"], "--reconnect must be more than 0"),
        (["--ping-idle", "70"], "--ping-hangup must be longer"),
        (["--serials-file", "nowhere"], "--serials-file cannot be read"),
        (["--auth", "key"], "--auth key needs --key-file"),
        (["--auth", "certificate"], "--auth certificate needs"),
        (["--cert", "a.pem"], "client certificates need a wss:// address"),
        (["--url", "wss://localhost:1/", "--cert", "nowhere.pem"], "cannot be read"),
        (["--url", "wss://localhost:1/", "--cert-dir", "."], "no certificate for 02ae51000001"),
    ],
)
def test_bad_arguments_get_words(arguments, words):
    code, _, err = ended(*arguments)
    assert code == 2
    assert words in err
    assert "Traceback" not in err


def test_a_fault_in_the_key_file_is_named_without_the_key(tmp_path):
    (tmp_path / "keys").write_text("not-a-serial:topsecret\n")
    code, _, err = ended("--auth", "key", "--key-file", str(tmp_path / "keys"))
    assert code == 2
    assert "line 1: not of the form serial:key" in err
    assert "topsecret" not in err


def test_a_missing_key_is_named(tmp_path):
    (tmp_path / "keys").write_text("02ae51000001:a\n")
    code, _, err = ended("--count", "3", "--key-file", str(tmp_path / "keys"))
    assert code == 2
    assert "no key for 02ae51000002 and 1 more" in err


@pytest.mark.parametrize("line", ["02zz", "02ae51000001 toaster", "02ae51000001\n02ae51000001"])
def test_a_fault_in_the_serials_file_is_named(tmp_path, line):
    (tmp_path / "serials").write_text(line)
    code, _, err = ended("--serials-file", str(tmp_path / "serials"))
    assert code == 2
    assert f"{tmp_path / 'serials'}, line " in err


def test_help_explains_the_exit_codes():
    code, out, _ = ended("--help")
    assert code == 0
    assert "Exit codes: 0 ended as asked" in " ".join(out.split())
