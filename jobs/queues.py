"""The queues, and how jobs are written into Redis: as JSON, for a pickle runs the code of whoever wrote it.

| queue    | holds                                                            | a worker each |
| critical | what a person or a rollout waits for, and the two fast periodic jobs | one or more |
| default  | what may take a minute: presence, time-outs, rebuilds, mails     | one or more   |
| reports  | what may take an hour: backups, reports, pruning                 | one           |
"""

from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django_rq.connection_utils import get_redis_connection
from django_rq.queues import DjangoRQ, get_queue
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.job import Job
from rq.job import Retry as Again
from rq.serializers import JSONSerializer

from jobs.ending import Ending, HandBack

# A request waits at most twice this for a Redis that is away; dispatch finds the row it wrote later.
PROMPT_SECONDS = 0.5
MOST_TIMES = 1_000_000  # a job is handed back however often workers end: rq asks for a number
log = structlog.get_logger(__name__)


class JsonJob(Job):
    """A job that is JSON whatever the caller, the worker or the scheduler would have chosen."""

    def __init__(self, id: str | None = None, connection: Any = None, serializer: Any = None) -> None:
        super().__init__(id, connection=connection, serializer=JSONSerializer)

    def perform(self) -> Any:
        """Handed back, it goes to the queue again for another worker: rq does so with who answers a Retry."""
        try:
            with Ending.interruptible():
                return super().perform()
        except HandBack:
            log.warning("job handed back", job=self.id, queue=self.origin)
            return Again(max=MOST_TIMES)


def prompt_queue(name: str) -> DjangoRQ:
    """A queue to enqueue on while somebody waits: it gives up soon instead of trying for seconds.

    Raises redis' own errors when used while Redis is away.
    """
    return get_queue(name, connection=_prompt_connection(name))


@lru_cache(maxsize=8)
def _prompt_connection(name: str) -> Any:
    limits = {
        "socket_timeout": PROMPT_SECONDS,
        "socket_connect_timeout": PROMPT_SECONDS,
        "retry": Retry(NoBackoff(), 1),  # once more, on a new connection: Redis may have restarted
    }
    config = dict(settings.RQ_QUEUES[name])
    config["REDIS_CLIENT_KWARGS"] = {**config.get("REDIS_CLIENT_KWARGS", {}), **limits}
    return get_redis_connection(config)
