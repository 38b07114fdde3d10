"""What goes wrong in a deploy: refused before anything, rolled back, halted, or killed and run again."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from deploy import outcomes, state
from deploy.environments import Environment
from deploy.lock import LEASE, Lock
from deploy.outcomes import Refused
from tests.deploy.staging import ALARM, BEFORE, Staging, Written, commit

AFTER = "0.1.0+11111111"
FIX = "0.1.1+22222222"


class Killed(BaseException):
    """As kill -9: nothing of the program runs after it."""


# --- refused before anything ----------------------------------------------------------------------


def test_an_alarm_that_is_on_already(staging: Staging) -> None:
    staging.ring()
    written = staging.deploy(AFTER, code=outcomes.REFUSED)
    assert f"{ALARM} is on already" in written.text
    assert staging.all_run(BEFORE)


def test_files_in_no_commit(staging: Staging) -> None:
    (staging.project / "forgotten.py").write_text("x = 1\n")
    written = staging.run("staging", code=outcomes.REFUSED)
    assert "forgotten.py" in written.text


def test_a_gate_that_does_not_pass(staging: Staging) -> None:
    (staging.project / "broken").write_text("")
    commit(staging.project, "Break it")
    assert "make check failed" in staging.run("staging", code=outcomes.REFUSED).text
    assert staging.records()[0]["outcome"] == "refused"


def test_an_image_that_is_not_built(staging: Staging) -> None:
    (staging.project / "built").write_text("Packer: no such source\n")
    written = staging.run("staging", code=outcomes.REFUSED)
    assert "its last line was: Packer: no such source" in written.text


def test_another_accounts_credentials(staging: Staging) -> None:
    assert "holds no environment 'production'" in staging.run("production", code=outcomes.REFUSED).text


@pytest.mark.parametrize("words", [[], ["deploy", "elsewhere"], ["staging", "--skip", "thinking"]])
def test_wrong_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from deploy.__main__ import main

    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == outcomes.USAGE
    assert "usage:" in capsys.readouterr().err


# --- rolled back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["worker", "console", "outpost"])
def test_an_alarm_in_the_middle_rolls_every_role_back(staging: Staging, role: str) -> None:
    def ring() -> None:
        staging.ring()

    written = Ringing(f"{role} begins", ring)
    staging.deploy(AFTER, code=outcomes.FAILED, written=written)
    assert staging.all_run(BEFORE)
    assert staging.released() == (BEFORE, "")
    assert staging.records()[0]["outcome"] == "rolled back"
    assert f"{role}: Alarm {ALARM} is in ALARM state" in staging.records()[0]["reason"]


class Ringing(Written):
    """Does something when a line comes."""

    def __init__(self, at: str, what: object) -> None:
        super().__init__()
        self._at, self._what = at, what

    def say(self, words: str) -> None:
        super().say(words)
        if words == self._at:
            self._what()  # type: ignore[operator]


def test_instances_that_never_become_healthy(staging: Staging) -> None:
    staging.image(AFTER, Boots="no")
    staging.deploy(AFTER, code=outcomes.FAILED)
    assert staging.all_run(BEFORE)


def test_a_page_that_does_not_work(staging: Staging) -> None:
    staging.broken.add(AFTER)
    written = staging.deploy(AFTER, code=outcomes.FAILED)
    assert "sign-in page and its files: HTTP Error 500" in written.text
    assert staging.all_run(BEFORE)
    assert state.in_progress(staging.environment) is None


# --- halted ---------------------------------------------------------------------------------------


def test_migrations_that_fail_replace_nothing(staging: Staging) -> None:
    staging.image(AFTER, Migrates="no")
    written = staging.deploy(AFTER, code=outcomes.HALTED)
    assert "Lock wait timeout exceeded" in written.text
    assert staging.all_run(BEFORE)
    assert not _of_purpose(staging, "running")


def _of_purpose(staging: Staging, state_name: str) -> list[object]:
    filters = [
        {"Name": "tag:aerie:purpose", "Values": ["migrate"]},
        {"Name": "instance-state-name", "Values": [state_name]},
    ]
    return list(staging.api("ec2").describe_instances(Filters=filters)["Reservations"])


# --- killed, and interrupted ----------------------------------------------------------------------


def kill(staging: Staging, stop_at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 at this line: no record, no lock is given back, no instance ended."""
    with monkeypatch.context() as patch:
        for owner, name in ((Lock, "__exit__"),):
            patch.setattr(owner, name, lambda *_: None)
        patch.setattr("deploy.records.Record.end", lambda *_: None)
        patch.setattr("deploy.migration.contextmanager", lambda function: function)
        with pytest.raises(Killed):
            staging.deploy(AFTER, written=Written(stop_at, Killed))
    later = datetime.now(UTC) + LEASE * 2
    patch_now = lambda: later  # noqa: E731
    with Lock(staging.environment, "nothing", patch_now):
        pass  # the lease is over


@pytest.mark.parametrize("stop_at", ["migrate begins", "worker begins", "50 % InProgress", "smoke begins"])
def test_killed_and_run_again_it_ends_the_same(
    staging: Staging, stop_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill(staging, stop_at, monkeypatch)
    staging.deploy(AFTER)
    assert staging.all_run(AFTER)
    assert staging.released() == (AFTER, BEFORE)
    assert [record["outcome"] for record in staging.records()][:2] == ["done", "unfinished"]


def test_killed_half_way_another_release_goes_on(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    kill(staging, "50 % InProgress", monkeypatch)
    staging.deploy(FIX)
    assert staging.all_run(FIX)
    assert staging.released() == (FIX, BEFORE)


def test_killed_half_way_and_rolled_back(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    kill(staging, "console begins", monkeypatch)
    staging.run("rollback", "staging")
    assert staging.all_run(BEFORE)
    assert staging.released() == (BEFORE, "")


def test_the_next_one_ends_the_instance_a_killed_one_left(
    staging: Staging, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = staging.api("ec2")
    tags = [{"Key": "aerie:purpose", "Value": "migrate"}, {"Key": "Environment", "Value": "staging"}]
    specification = [{"ResourceType": "instance", "Tags": tags}]
    left = {"ImageId": staging.image(AFTER), "MinCount": 1, "MaxCount": 1}
    ec2.run_instances(TagSpecifications=specification, **left)
    staging.deploy(AFTER)
    assert not _of_purpose(staging, "running")


def test_ctrl_c_says_how_things_are(staging: Staging) -> None:
    written = staging.deploy(AFTER, code=outcomes.INTERRUPTED, written=Written("50 % InProgress"))
    assert f"Unfinished: {AFTER}" in written.text
    assert f"In service: {BEFORE}" in written.text
    assert "Deploy again to continue, or roll back" in written.text
    assert staging.records()[0]["outcome"] == "interrupted"


# --- two at once ----------------------------------------------------------------------------------


def test_of_two_at_once_one_is_refused(staging: Staging) -> None:
    with Lock(staging.environment, "deploy of something"):
        written = staging.deploy(AFTER, code=outcomes.REFUSED)
    assert "for a deploy of something until" in written.text
    staging.deploy(AFTER)


def test_of_many_at_once_one_has_the_lock(staging: Staging) -> None:
    held, refused, together = [], [], threading.Barrier(8)

    def take(lock: Lock) -> None:
        together.wait()
        try:
            lock._take()
            held.append(lock)
        except Refused:
            refused.append(lock)

    locks = [Lock(Environment("staging", staging.region), "deploy") for _ in range(8)]
    threads = [threading.Thread(target=take, args=[lock]) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(held), len(refused)) == (1, 7)


def test_a_lock_that_was_taken_away_halts(staging: Staging) -> None:
    first = Lock(staging.environment, "deploy", lambda: datetime.now(UTC) - timedelta(hours=1))
    first._take()
    with Lock(staging.environment, "another"):
        assert not first._put({"IfMatch": first._etag})
