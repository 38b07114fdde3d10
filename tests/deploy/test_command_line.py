"""The command's own manners: wrong words, no credentials, no network, and a fault of its own."""

import subprocess
import sys

import pytest

from deploy import outcomes
from deploy.__main__ import main
from tests.deploy.staging import BEFORE, Staging, Written

AFTER = "0.1.0+11111111"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "required"),
        ("nowhere", "invalid choice: 'nowhere'"),
        ("deploy", "environment"),
        ("deploy nowhere", "invalid choice: 'nowhere'"),
        ("staging production", "unrecognized arguments: production"),
        ("staging --skip worker", "invalid choice: 'worker'"),
        ("staging --release a/b", "'a/b' is not a release's name"),
        ("staging --region frankfurt", "'frankfurt' is not a region"),
        ("staging --region=", "'' is not a region"),
        ("rollback staging --skip migrate", "choose from"),
        ("rollback staging --ami ami-1", "unrecognized arguments"),
        ("history staging --count 0", "'0' is not a number of deploys"),
        ("prune staging --dry-run", "unrecognized arguments"),
    ],
)
def test_wrong_words_are_told_of(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split(), Written())
    assert ended.value.code == outcomes.USAGE
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["", "deploy", "rollback", "status", "history", "prune"])
def test_every_verb_tells_its_exit_codes(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*verb.split(), "--help"], Written())
    assert ended.value.code == outcomes.OK
    assert "130  interrupted" in capsys.readouterr().out


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nobody listens there, and no file, profile or instance gives credentials."""
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # another test's found credentials, and keeps them
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", "/nonexistent")
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "PROFILE"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    return monkeypatch


@pytest.mark.parametrize("verb", ["deploy", "rollback", "status", "history", "prune"])
def test_without_credentials_it_is_refused(nowhere: pytest.MonkeyPatch, verb: str) -> None:
    assert main([verb, "staging"], written := Written()) == outcomes.REFUSED
    assert "Unable to locate credentials" in written.text


def test_without_a_network_it_is_refused(nowhere: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        nowhere.setenv(name, "local")
    assert main(["staging"], written := Written()) == outcomes.REFUSED
    assert "Could not connect" in written.text


def test_a_fault_of_its_own_is_for_a_person_and_not_called_rolled_back(
    staging: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("of its own")

    monkeypatch.setattr("deploy.smoke.run", broken)
    written = staging.deploy(AFTER, code=outcomes.HALTED)
    assert "KeyError: 'of its own'" in written.text
    assert f"Unfinished: {AFTER}" in written.text
    assert f"In service: {BEFORE}" in written.text
    assert staging.records()[0]["outcome"] == "halted"


def test_how_things_are_may_fail_as_well(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("of its own")

    monkeypatch.setattr("deploy.smoke.run", broken)
    monkeypatch.setattr("deploy.deploying.situation", broken)
    written = staging.deploy(AFTER, code=outcomes.HALTED)
    assert "in _smoke" in written.text
    assert "How things are could not be asked: KeyError: 'of its own'" in written.text


@pytest.mark.parametrize("found", ['{"version": "2", "ami": "ami-2", "waves": 3}', "[1]", "2 ami-2"])
@pytest.mark.parametrize("verb", ["deploy", "rollback", "status", "prune"])
def test_what_a_newer_release_wrote_is_refused_in_words(staging: Staging, verb: str, found: str) -> None:
    staging.environment.set_parameter("release/in_progress", found)
    words = staging.words(AFTER) if verb == "deploy" else (verb, "staging")
    written = staging.run(*words, code=outcomes.REFUSED)
    assert (
        f"written by a newer release of this command, or by hand: use that checkout. It says: {found}"
        in written.text
    )
    assert staging.environment.parameter("release/in_progress") == found
    assert staging.all_run(BEFORE)


@pytest.mark.parametrize("errors", [subprocess.PIPE, subprocess.STDOUT])
def test_where_nobody_listens_any_more_it_is_halted(staging: Staging, errors: int) -> None:
    """``| tee`` ended, with or without what is told beside it: neither 1 nor Python's own 120."""
    words = [sys.executable, "-m", "deploy", *staging.words(AFTER), "--region", staging.region]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("checks")
        process.stdout.close()
        told = process.stderr.read() if process.stderr else ""
    assert process.returncode == outcomes.HALTED, told
    assert ("BrokenPipeError" in told) == (errors == subprocess.PIPE)
    assert staging.records()[0]["outcome"] == "halted"
