"""Told to stop, a deploy says how things are; ended between its last writes, it can go either way."""

import json
import os
import signal
import subprocess
import sys

import pytest

from deploy import outcomes, state
from tests.deploy.staging import BEFORE, Staging, Written

AFTER = "0.1.0+11111111"


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_killed_while_it_settles(staging: Staging, writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the parameters that say what is in service; then away from it, or on."""
    _settle_in_part(staging, writes, monkeypatch)
    staging.run("rollback", "staging")
    assert staging.all_run(BEFORE)
    assert staging.released()[0] == BEFORE
    assert state.in_progress(staging.environment) is None
    staging.deploy(AFTER)
    assert staging.released() == (AFTER, BEFORE)


def _settle_in_part(staging: Staging, writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last writes of a deploy, up to this one."""
    left = iter(range(writes))
    write = type(staging.environment).set_parameter

    def some(environment: object, name: str, value: str) -> None:
        if "in_progress" not in name and next(left, None) is None:
            raise KeyboardInterrupt
        write(environment, name, value)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("deploy.environments.Environment.set_parameter", some)
        patch.setattr("deploy.state.forget", _interrupt)
        staging.deploy(AFTER, code=outcomes.INTERRUPTED)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_says_how_things_are(staging: Staging) -> None:
    written = staging.deploy(AFTER, code=outcomes.INTERRUPTED, written=Written("50 % InProgress", _interrupt))
    assert f"Unfinished: {AFTER}" in written.text
    assert f"In service: {BEFORE}" in written.text
    assert "Deploy again to continue, or roll back" in written.text
    assert staging.records()[0]["outcome"] == "interrupted"


def test_sigterm_is_as_ctrl_c(staging: Staging) -> None:
    """The command itself, which waits real seconds between its looks, and gives its lock back."""
    words = [sys.executable, "-m", "deploy", *staging.words(AFTER), "--region", staging.region]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("migrate: 20 %"):
                os.kill(process.pid, signal.SIGTERM)
    assert process.returncode == outcomes.INTERRUPTED, said
    assert f"In service: {BEFORE}" in "".join(said)
    lock = staging.api("s3").get_object(Bucket=staging.environment.bucket, Key="deploys/lock.json")
    assert json.loads(lock["Body"].read())["what"].startswith("deploy of")
    staging.deploy(AFTER)
