"""Static files that an older release needs are there when it comes again, or it is refused."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from deploy import outcomes, state, static_files
from deploy.lock import Lock
from deploy.state import Image
from tests.deploy.staging import BEFORE, Staging, Written

OLD, BETWEEN, AFTER = "0.0.1+33333333", "0.0.2+44444444", "0.1.0+11111111"
LATER = timedelta(days=static_files.KEPT_DAYS + 1)


def upload(staging: Staging, tmp_path: Path, release: str) -> str:
    """The key of its one file."""
    name = f"app.{release[-8:]}.css"
    (tmp_path / name).write_text("p {}\n")
    (tmp_path / static_files.MANIFEST).write_text(json.dumps({"paths": {"app.css": name}}))
    static_files.upload(staging.environment, tmp_path, release)
    return static_files.PREFIX + name


def there(staging: Staging) -> set[str]:
    found = staging.api("s3").list_objects_v2(Bucket=f"aerie-static-{staging.region}")
    return {one["Key"] for one in found.get("Contents", [])}


def deploy(staging: Staging, release: str, code: int = 0) -> Written:
    return staging.run("deploy", "staging", "--ami", staging.image(release), "--skip", "check", code=code)


@pytest.fixture
def uploaded(staging: Staging, tmp_path: Path) -> dict[str, str]:
    """Three months and a day ago, each with its file."""
    keys = {release: upload(staging, tmp_path, release) for release in (OLD, BETWEEN, BEFORE)}
    staging.later = LATER
    return keys


def test_a_release_whose_files_are_there_comes_again(staging: Staging, uploaded: dict[str, str]) -> None:
    assert "there already" in deploy(staging, OLD).text
    assert staging.all_run(OLD)


@pytest.mark.parametrize("release", [OLD, AFTER])
def test_one_whose_files_are_gone_or_never_came_is_refused(
    staging: Staging, uploaded: dict[str, str], release: str
) -> None:
    assert "2 static files deleted" in staging.run("prune", "staging").text
    written = deploy(staging, release, code=outcomes.REFUSED)
    assert f"The files of {release} are not uploaded" in written.text
    assert staging.all_run(BEFORE)


def test_files_of_a_release_that_is_on_its_way_are_kept(staging: Staging, uploaded: dict[str, str]) -> None:
    state.begin(staging.environment, Image(OLD, staging.image(OLD)))
    staging.run("prune", "staging")
    assert there(staging) == {uploaded[OLD], uploaded[BEFORE]}
    deploy(staging, OLD)


def test_nothing_is_pruned_while_somebody_deploys(staging: Staging, uploaded: dict[str, str]) -> None:
    with Lock(staging.environment, "deploy of something", staging.wished()["now"]):
        assert "deploy of something" in staging.run("prune", "staging", code=outcomes.REFUSED).text
    assert there(staging) == set(uploaded.values())


def test_who_lost_the_lock_prunes_no_further(staging: Staging, uploaded: dict[str, str]) -> None:
    def lost() -> None:
        raise outcomes.Halted("the lock was lost")

    with pytest.raises(outcomes.Halted):
        static_files.prune(staging.environment, {BEFORE}, staging.wished()["now"](), lost)
    assert there(staging) == set(uploaded.values())
