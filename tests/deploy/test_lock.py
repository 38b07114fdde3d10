"""One deploy at a time, whoever is slow, killed, asleep or answered twice."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from deploy import outcomes
from deploy.environments import Environment
from deploy.lock import KEY, LEASE, Lock
from deploy.outcomes import Halted, Refused
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


def test_one_that_slept_past_its_lease_finds_it_taken_and_halts(staging: Staging) -> None:
    """Its instances are left as they are, and the other one's lock stays the other one's."""

    def sleep_and_be_overtaken() -> None:
        nonlocal other, slept
        slept = LEASE * 2
        other = Lock(staging.environment, "another", at(slept))
        other._take()

    slept, other = timedelta(0), None
    written = Written("50 % InProgress", sleep_and_be_overtaken)
    wished = staging.wished() | {"now": lambda: datetime.now(UTC) + slept}
    staging.wished = lambda: wished  # type: ignore[method-assign]
    staging.deploy(AFTER, code=outcomes.HALTED, written=written)
    assert "another deploy may be at work" in written.text
    assert other
    other._renew()
    other.check()
    assert staging.released() == (BEFORE, "")


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
