"""Two workers with one job in hand: the one that ends last has nothing to note, and nothing failed."""

from collections.abc import Iterator

import pytest
from rq import Queue, get_current_job
from rq.job import Job

from jobs.queues import prompt_queue
from jobs.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue() -> Iterator[Queue]:
    """The queue ``default``, empty."""
    queue = prompt_queue("default")
    queue.empty()
    yield queue
    queue.empty()


def end_first() -> None:
    """What another worker does with this very job, which it has in hand as well."""
    job = get_current_job()
    assert job
    job.connection.delete(job.key)


def test_a_job_that_another_one_ended_first_has_not_failed(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    job: Job = queue.enqueue(end_first, result_ttl=0)
    Worker([queue], connection=queue.connection).work(burst=True)
    assert [line for line in caplog.records if line.levelname == "ERROR"] == []
    assert queue.failed_job_registry.get_job_ids() == []
    assert job.id not in queue.started_job_registry.get_job_ids()
    assert not Job.exists(job.id, queue.connection)
