"""Ships the journal to CloudWatch Logs: in order, at least once, marked only after AWS has it.

Group /aerie/<environment>/<role>, stream = the instance's id. What is in memory is one batch for each
group at most; while AWS is away the journal keeps the rest.
"""

import logging
import math
import signal
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from instance.aws import why
from instance.events import Batch, Event, read
from instance.identity import Identity, await_identity, pauses
from instance.imds import Imds
from instance.journal import Journal
from instance.settings import Settings

SHIP_EVERY = 2.0  # seconds the first line of a batch waits at most for others
FAREWELL = 8.0  # seconds to ship what is left when told to end
QUIET = 1.5  # seconds without a line, then: nothing is left. A busy machine's journal comes in bursts.
# Refused whatever we do: to try for ever would hold up everything behind it.
_HOPELESS = {"InvalidParameterException", "InvalidParameter", "ValidationException"}
log = logging.getLogger(__name__)


class Shipper:
    """Takes events in the journal's order; ``ship`` sends all it holds, then moves the mark."""

    def __init__(self, client: Any, environment: str, stream: str, mark: Callable[[str], None]) -> None:
        self._client, self._environment, self._stream, self._mark = client, environment, stream, mark
        self._batches: dict[str, Batch] = {}
        self._last = ""

    @property
    def empty(self) -> bool:
        return not self._last

    def takes(self, event: Event) -> bool:
        """Whether its batch has room for it."""
        return self._batches.setdefault(event.role, Batch()).takes(event)

    def add(self, event: Event) -> None:
        self._batches.setdefault(event.role, Batch()).add(event)
        self._last = event.cursor

    def ship(self) -> None:
        """Raises boto3's errors; called again it sends what was not sent yet."""
        for role in list(self._batches):
            self._put(role, self._batches[role])
            del self._batches[role]
        if self._last:
            self._mark(self._last)
        self._last = ""

    def _put(self, role: str, batch: Batch) -> None:
        if not batch.events:
            return
        try:
            self._send(role, batch)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ResourceNotFoundException":
                self._create(role)
                self._send(role, batch)
            elif code in _HOPELESS:
                log.error("%d lines of %s are refused: %s", len(batch.events), role, code)
            else:
                raise

    def _send(self, role: str, batch: Batch) -> None:
        answer = self._client.put_log_events(
            logGroupName=self._group(role), logStreamName=self._stream, logEvents=batch.wire()
        )
        if answer.get("rejectedLogEventsInfo"):
            log.error("some lines of %s are too old or too new: %s", role, answer["rejectedLogEventsInfo"])

    def _create(self, role: str) -> None:
        """Terraform makes the groups, with their retention; the stream is ours."""
        try:
            self._client.create_log_stream(logGroupName=self._group(role), logStreamName=self._stream)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            self._client.create_log_group(logGroupName=self._group(role))
            self._client.create_log_stream(logGroupName=self._group(role), logStreamName=self._stream)

    def _group(self, role: str) -> str:
        return f"/aerie/{self._environment}/{role}"


class Loop:
    """Journal in, shipper out, until told to end."""

    def __init__(
        self,
        journal: Journal,
        shipper: Shipper,
        identity: Identity,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._journal, self._shipper, self._identity = journal, shipper, identity
        self._ticks, self._sleep = ticks, sleep
        self._first = 0.0
        self._end_by = float("inf")

    def end(self) -> None:
        """Ship what is left, and no longer than ``FAREWELL``."""
        self._end_by = self._ticks() + FAREWELL

    def run(self) -> None:
        while self.step() or self._end_by == float("inf"):
            if self._ticks() > self._end_by:
                break
        self.ship()

    def step(self) -> bool:
        """Take what came and ship what is due; whether anything came."""
        ending = self._end_by < float("inf")
        entries = self._journal.entries(QUIET if ending else SHIP_EVERY / 2)
        for entry in entries:
            self._take(read(entry, self._identity.assignment.roles, self._identity.instance_id))
        if not self._shipper.empty and self._ticks() - self._first >= SHIP_EVERY:
            self.ship()
        return bool(entries)

    def ship(self) -> None:
        """Until AWS has it. Gives up when the end has come: the next start goes on at the mark."""
        for pause in pauses():
            try:
                self._shipper.ship()
                return
            except (BotoCoreError, ClientError) as error:
                log.warning("CloudWatch Logs does not take our lines: %s", why(error))
            if not self._waited(pause):
                return

    def _waited(self, seconds: float) -> bool:
        """In short steps, as the end may be told meanwhile; False when there is no time to wait any more."""
        for _ in range(math.ceil(seconds)):
            if self._ticks() + 1.0 > self._end_by:
                return False
            self._sleep(min(1.0, seconds))
        return True

    def _take(self, event: Event) -> None:
        if not self._shipper.takes(event):
            self.ship()
        if self._shipper.empty:
            self._first = self._ticks()
        self._shipper.add(event)


def run(settings: Settings) -> None:
    """Ship until SIGTERM. Raises ``UserDataInvalid``."""
    identity = await_identity(Imds(settings.imds))
    journal = Journal(settings.run / "agent" / "journal-cursor")
    client, environment = identity.client("logs"), identity.assignment.environment
    loop = Loop(journal, Shipper(client, environment, identity.instance_id, journal.mark), identity)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.end())
    loop.run()
    journal.close()
