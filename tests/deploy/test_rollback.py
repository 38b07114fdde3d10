"""The way back, and forward again."""

from deploy import outcomes
from tests.deploy.staging import BEFORE, Staging

AFTER = "0.1.0+11111111"


def test_back_to_the_release_before(staging: Staging) -> None:
    staging.deploy(AFTER)
    staging.run("rollback", "staging")
    assert staging.all_run(BEFORE)
    assert staging.released() == (BEFORE, AFTER)
    assert staging.records()[0]["kind"] == "rollback"


def test_alarms_do_not_stop_the_way_back(staging: Staging) -> None:
    staging.deploy(AFTER)
    staging.ring()
    staging.run("rollback", "staging")
    assert staging.all_run(BEFORE)


def test_back_and_forward_again(staging: Staging) -> None:
    staging.deploy(AFTER)
    staging.run("rollback", "staging")
    staging.run("rollback", "staging")
    assert staging.all_run(AFTER)


def test_nothing_to_go_back_to(staging: Staging) -> None:
    assert "no release to go back to" in staging.run("rollback", "staging", code=outcomes.REFUSED).text


def test_no_migration_runs_on_the_way_back(staging: Staging) -> None:
    staging.deploy(AFTER)
    before = staging.api("ssm").list_commands()["Commands"]
    staging.run("rollback", "staging")
    assert staging.api("ssm").list_commands()["Commands"] == before


def test_what_it_would_do(staging: Staging) -> None:
    staging.deploy(AFTER)
    assert f"from {AFTER}" in staging.run("rollback", "staging", "--dry-run").text
    assert staging.all_run(AFTER)


def test_the_dry_run_changes_nothing(staging: Staging) -> None:
    staging.deploy(AFTER)
    before = staging.everything()
    staging.run("rollback", "staging", "--dry-run")
    assert staging.everything() == before


def test_what_is_still_wrong_after_it_is_for_a_person(staging: Staging) -> None:
    """There is nothing to roll a rollback back to, and nobody is told that there was."""
    staging.deploy(AFTER)
    staging.broken.add(BEFORE)
    written = staging.run("rollback", "staging", code=outcomes.HALTED)
    assert f"Everything runs {BEFORE}" in written.text
    assert "HTTP Error 500" in written.text
    assert staging.released() == (BEFORE, AFTER)
