"""What goes wrong in a deploy: refused before anything, rolled back, or halted."""

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.model import OperationModel

from deploy import outcomes, state
from tests.deploy.staging import ALARM, BEFORE, ROLES, Staging, Written, commit

AFTER = "0.1.0+11111111"


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


@pytest.mark.parametrize("role", ROLES)
def test_an_alarm_in_the_middle_rolls_every_role_back(staging: Staging, role: str) -> None:
    staging.deploy(AFTER, code=outcomes.FAILED, written=Written(f"{role} begins", staging.ring))
    assert staging.all_run(BEFORE)
    assert staging.released() == (BEFORE, "")
    assert staging.records()[0]["outcome"] == "rolled back"
    assert f"{role}: Alarm {ALARM} is in ALARM state" in staging.records()[0]["reason"]


def test_after_an_alarm_no_further_role_is_begun_and_those_before_go_back(staging: Staging) -> None:
    written = staging.deploy(AFTER, code=outcomes.FAILED, written=Written("utility begins", staging.ring))
    begun = [line.removesuffix(" begins") for line in written.lines if line.endswith(" begins")]
    assert begun[3:] == ["worker", "utility", "back: utility", "back: worker"]
    assert staging.refreshes("utility")[0] == "RollbackSuccessful"
    assert staging.refreshes("worker")[:2] == ["Successful", "Successful"]
    assert staging.refreshes("console") == []


def test_an_alarm_of_the_outposts_counts_as_well(staging: Staging) -> None:
    name = "aerie-staging-outpost-disconnects"
    staging.alarm(name, "outpost")
    ring = Written("worker begins", lambda: staging.ring(name=name))
    staging.deploy(AFTER, code=outcomes.FAILED, written=ring)
    assert staging.all_run(BEFORE)


def test_the_remedy_goes_past_an_alarm(staging: Staging) -> None:
    staging.ring()
    staging.deploy(AFTER, "--skip", "alarms")
    assert staging.all_run(AFTER)


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


# --- and AWS is away meanwhile: why it ended is told all the same ------------------------------------


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Calls of AWS whose answer is that the credentials have expired, as soon as they are in it."""
    names: set[str] = set()

    def answer(model: OperationModel, **_: object) -> tuple[AWSResponse, dict[str, object]] | None:
        if model.name not in names:
            return None
        error = {"Code": "ExpiredToken", "Message": "The token has expired"}
        return AWSResponse("", 400, {}, None), {"Error": error, "ResponseMetadata": {}}

    session = boto3.session.Session()
    session.events.register("before-call", answer)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return names


def test_an_alarm_is_told_though_the_record_cannot_be_written(staging: Staging, failing: set[str]) -> None:
    staging.broken.add(AFTER)
    away = Written("back: worker begins", lambda: failing.add("PutObject"))
    staging.deploy(AFTER, code=outcomes.FAILED, written=away)
    assert "The record could not be written: An error occurred (ExpiredToken)" in away.text
    assert "Rolled back: sign-in page and its files: HTTP Error 500" in away.lines[-1]
    assert staging.all_run(BEFORE)
    assert staging.records()[0]["outcome"] == "unfinished"


def test_an_interruption_stays_one_though_the_record_cannot_be_written(
    staging: Staging, failing: set[str]
) -> None:
    def interrupt() -> None:
        failing.add("PutObject")
        raise KeyboardInterrupt

    away = Written("50 % InProgress", interrupt)
    staging.deploy(AFTER, code=outcomes.INTERRUPTED, written=away)
    assert "The record could not be written" in away.text


def test_why_migrations_failed_is_told_though_their_instance_cannot_be_ended(
    staging: Staging, failing: set[str]
) -> None:
    staging.image(AFTER, Migrates="no")
    failing.add("TerminateInstances")
    written = staging.deploy(AFTER, code=outcomes.HALTED)
    assert "Lock wait timeout exceeded" in written.lines[-1]
    (left,) = staging.instances(purpose="migrate", state="running")
    assert f"{left} could not be ended, the next deploy does it" in written.text
    failing.clear()
    staging.deploy(BEFORE)
    assert not staging.instances(purpose="migrate", state="running")


# --- halted ---------------------------------------------------------------------------------------


def test_migrations_that_fail_replace_nothing(staging: Staging) -> None:
    staging.image(AFTER, Migrates="no")
    written = staging.deploy(AFTER, code=outcomes.HALTED)
    assert "Lock wait timeout exceeded" in written.text
    assert staging.all_run(BEFORE)
    assert not staging.instances(purpose="migrate", state="running")
    assert [staging.refreshes(role) for role in ROLES] == [[]] * len(ROLES)
    assert staging.records()[0]["outcome"] == "halted"


def test_an_instance_that_never_reports_is_ended(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.migration.LOOKS_FOR_AGENT", 2)
    assert "never reported" in staging.deploy(AFTER, code=outcomes.HALTED).text
    assert staging.all_run(BEFORE)
    assert not staging.instances(purpose="migrate", state="running")


def test_what_has_no_alarms_is_not_deployed_to(staging: Staging) -> None:
    staging.api("ssm").delete_parameter(Name="/aerie/staging/app/rollback_alarms")
    assert "No alarms are known" in staging.deploy(AFTER, code=outcomes.REFUSED).text
