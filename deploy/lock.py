"""One deploy at a time: an object in S3 written by conditional puts, which S3 decides.

It is a lease. Its holder renews it from a thread, so a deploy that is killed holds up the
next one for ``LEASE`` and no longer.
"""

import getpass
import json
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from deploy.environments import Environment, code_of
from deploy.outcomes import Halted, Refused

KEY = "deploys/lock.json"
LEASE = timedelta(minutes=3)
RENEWED_EVERY = 30.0  # seconds
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


class Lock:
    """``with Lock(environment, "deploy of 0.2.0"):`` Raises ``Refused`` when another one holds it."""

    def __init__(
        self, environment: Environment, what: str, now: Callable[[], datetime] | None = None
    ) -> None:
        self.s3, self.bucket = environment.client("s3"), environment.bucket
        self.name, self.what = environment.name, what
        self.now = now or (lambda: datetime.now(UTC))
        self.token, self._etag, self._lost = secrets.token_hex(8), "", ""
        self._until = self.now()
        self._one = threading.Lock()  # of both threads writes at a time
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._take()
        threading.Thread(target=self._keep, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self._ended.set()
        # Over from now on; deleting would need a right that a deployer has no other use for. Should
        # S3 be away, it ends by itself, and how the deploy ended counts more.
        with suppress(BotoCoreError, ClientError), self._one:
            self._put({"IfMatch": self._etag}, timedelta(0))

    def check(self) -> None:
        """Raises ``Halted`` once the lock is lost: another deploy may be at work.

        A machine that slept past the lease asks before it goes on.
        """
        if not self._lost and self.now() >= self._until:
            self._renew()
        if self._lost:
            raise Halted(f"The lock of {self.name} was lost ({self._lost}); another deploy may be at work")

    def _take(self) -> None:
        if self._put({"IfNoneMatch": "*"}):
            return None
        found = self._found()
        if found is None:  # let go of at this moment
            return self._take()
        holder, etag = found
        if datetime.fromisoformat(holder["until"]) > self.now() or not self._put({"IfMatch": etag}):
            raise Refused(
                f"{holder['who']} holds {self.name} for a {holder['what']} until {holder['until']}. "
                "Wait for it to end; the lock of one that was killed ends by itself then."
            )
        return None

    def _put(self, condition: dict[str, str], lease: timedelta = LEASE) -> bool:
        """Whether it is ours. One that arrived, its answer lost, and was sent again is refused, and ours."""
        end = self.now() + lease
        until = end.isoformat(timespec="milliseconds")
        who = f"{getpass.getuser()}@{socket.gethostname()}"
        body = json.dumps({"token": self.token, "who": who, "what": self.what, "until": until})
        try:
            answer = self.s3.put_object(Bucket=self.bucket, Key=KEY, Body=body.encode(), **condition)
        except ClientError as error:
            if code_of(error) not in _TAKEN:
                raise
            found = self._found()
            if not found or found[0]["token"] != self.token:
                return False
            answer = {"ETag": found[1]}
        self._etag, self._until = answer["ETag"], end
        return True

    def _found(self) -> tuple[dict[str, str], str] | None:
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=KEY)
        except self.s3.exceptions.NoSuchKey:
            return None
        return json.loads(answer["Body"].read()), answer["ETag"]

    def _keep(self) -> None:
        while not self._ended.wait(RENEWED_EVERY) and not self._lost:
            self._renew()

    def _renew(self) -> None:
        with self._one:
            try:
                if not self._ended.is_set() and not self._put({"IfMatch": self._etag}):
                    self._lost = "somebody else took it"
            except (BotoCoreError, ClientError) as error:
                # S3 may be away for a moment; it is lost when the lease is over.
                self._lost = type(error).__name__ if self.now() >= self._until else ""
