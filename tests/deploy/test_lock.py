"""One deploy at a time, whoever is slow, killed, asleep or answered twice."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from deploy import migration, outcomes, state
from deploy.environments import Environment
from deploy.lock import KEY, LEASE, Lock
from deploy.outcomes import Halted, Refused
from deploy.state import Image
from tests.deploy.staging import BEFORE, Staging, Written

AFTER = "0.1.0+11111111"


def at(later: timedelta) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + later


def test_of_two_at_once_one_is_refused(staging: Staging) -> None:
    with Lock(staging.environment, "deploy of something"):
        before = staging.everything()
        written = staging.deploy(AFTER, code=outcomes.REFUSED)
        assert staging.everything() == before
    assert "for a deploy of something until" in written.text
    staging.deploy(AFTER)


def test_two_that_start_while_the_other_works(staging: Staging) -> None:
    second = Written()
    first = Written("50 % InProgress", lambda: staging.run("rollback", "staging", code=outcomes.REFUSED))
    staging.deploy(AFTER, written=first)
    assert second.text == ""
    assert staging.all_run(AFTER)


def test_of_many_at_once_one_has_the_lock(empty: Staging) -> None:
    held, refused, together = [], [], threading.Barrier(8)

    def take(lock: Lock) -> None:
        together.wait()
        try:
            lock._take()
            held.append(lock)
        except Refused:
            refused.append(lock)

    locks = [Lock(Environment("staging", empty.region), "deploy") for _ in range(8)]
    threads = [threading.Thread(target=take, args=[lock]) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(held), len(refused)) == (1, 7)


def overtaken(staging: Staging, moment: str, *words: str) -> tuple[Written, Lock]:
    """Asleep for twice the lease at this line, while another one takes the lock; it halts."""

    def sleep_and_be_overtaken() -> None:
        nonlocal slept
        slept = LEASE * 2
        other = Lock(staging.environment, "another", at(slept))
        other._take()
        others.append(other)

    slept, others = timedelta(0), list[Lock]()
    written = Written(moment, sleep_and_be_overtaken)
    wished = staging.wished() | {"now": lambda: datetime.now(UTC) + slept}
    staging.wished = lambda: wished  # type: ignore[method-assign]
    staging.run(*words, code=outcomes.HALTED, written=written)
    assert "another deploy may be at work" in written.text
    return written, others[0]


def test_one_that_slept_past_its_lease_finds_it_taken_and_halts(staging: Staging) -> None:
    """Its instances are left as they are, and the other one's lock stays the other one's."""
    _, other = overtaken(staging, "50 % InProgress", *staging.words(AFTER))
    other._renew()
    other.check()
    assert staging.released() == (BEFORE, "")


def test_asleep_before_it_migrates_it_ends_no_others_instance(staging: Staging) -> None:
    asked = migration._wanted(staging.environment, Image(AFTER, staging.image(AFTER)))
    staging.api("ec2").run_instances(**asked, MinCount=1, MaxCount=1)
    overtaken(staging, "migrate begins", *staging.words(AFTER))
    assert len(staging.instances(purpose="migrate", state="running")) == 1


def test_asleep_before_it_looks_for_static_files(staging: Staging) -> None:
    ami = staging.image(AFTER)
    words = ["--skip", "check", "--skip", "migrate"]
    overtaken(staging, "static files begins", "deploy", "staging", "--ami", ami, *words)


def test_asleep_before_the_first_role_it_does_not_say_what_is_on_its_way(staging: Staging) -> None:
    overtaken(staging, f"{AFTER} is ami-", *staging.words(AFTER, "--skip", "migrate"))
    assert state.in_progress(staging.environment) is None


@pytest.mark.parametrize(("verb", "first"), [("deploy", "worker"), ("rollback", "outpost")])
def test_asleep_between_two_roles_it_begins_no_further_one(staging: Staging, verb: str, first: str) -> None:
    if verb == "rollback":
        staging.deploy(AFTER)
    words = staging.words(AFTER) if verb == "deploy" else (verb, "staging")
    overtaken(staging, "runs launch template version", *words)
    moving = state.in_progress(staging.environment)
    assert moving
    assert list(moving.roles) == [first]


def test_asleep_after_the_last_look_it_does_not_say_what_is_in_service(staging: Staging) -> None:
    overtaken(staging, "sign-in page", *staging.words(AFTER))
    assert staging.released() == (BEFORE, "")


def test_asleep_before_the_way_back_it_does_not_go_it(staging: Staging) -> None:
    staging.broken.add(AFTER)
    written, _ = overtaken(staging, "Rolling back to", *staging.words(AFTER))
    assert "Server Error; and the way back ended: The lock of staging was lost" in written.text
    assert staging.all_run(AFTER)


def test_a_lease_that_is_renewed_is_not_over(empty: Staging) -> None:
    moment = datetime.now(UTC)
    lock = Lock(empty.environment, "deploy", lambda: moment)
    lock._take()
    moment += LEASE * 0.9
    lock._renew()
    with pytest.raises(Refused):
        Lock(empty.environment, "another", at(LEASE * 1.5))._take()


def test_while_s3_is_away_the_lease_counts(empty: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime.now(UTC)
    lock = Lock(empty.environment, "deploy", lambda: moment)
    lock._take()
    lock.bucket = "aerie-no-such-bucket"
    lock._renew()
    lock.check()
    moment += LEASE
    with pytest.raises(Halted, match=r"ClientError|NoSuchBucket"):
        lock.check()


def test_a_put_whose_answer_was_lost_is_still_ours(empty: Staging) -> None:
    """The SDK sends it again, and S3 refuses the second for the first."""
    lock = Lock(empty.environment, "deploy")
    lock._take()
    etag = lock._etag
    lock._renew()
    lock._etag = etag
    lock._renew()
    lock.check()


def test_the_lock_is_kept_by_conditions_alone(empty: Staging) -> None:
    """Nothing is deleted, so the right to delete is not needed."""
    with Lock(empty.environment, "deploy"):
        pass
    assert empty.api("s3").head_object(Bucket=empty.environment.bucket, Key=KEY)
    with Lock(empty.environment, "deploy"):
        pass
