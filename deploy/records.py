"""Who deployed what, when, how long it took, and how it ended: one JSON object for each deploy, in S3."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy.environments import Environment

PREFIX = "deploys/records/"
STARTED = "unfinished"


@dataclass
class Record:
    """Moments are ISO 8601 in UTC. ``outcome`` is unfinished until it ended: a killed one stays so."""

    kind: str  # deploy or rollback
    environment: str
    who: str  # the ARN of the AWS identity
    before: str  # release
    after: str
    ami_before: str = ""
    ami_after: str = ""
    commits: list[str] = field(default_factory=list)
    started_at: str = ""
    ended_at: str = ""
    seconds: float = 0.0
    outcome: str = STARTED  # done, rolled back, refused, halted, interrupted
    reason: str = ""
    roles: dict[str, dict[str, str]] = field(default_factory=dict)  # launch template versions, from and to
    id: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.started_at}-{self.id}.json"

    def begin(self, environment: Environment) -> None:
        self.started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._write(environment)

    def end(self, environment: Environment, outcome: str, reason: str = "") -> None:
        now = datetime.now(UTC)
        self.outcome, self.reason, self.ended_at = outcome, reason, now.isoformat(timespec="milliseconds")
        self.seconds = round((now - datetime.fromisoformat(self.started_at)).total_seconds(), 1)
        self._write(environment)

    def _write(self, environment: Environment) -> None:
        body = json.dumps(asdict(self), indent=2).encode()
        environment.client("s3").put_object(
            Bucket=environment.bucket, Key=self.key, Body=body, ContentType="application/json"
        )


def latest(environment: Environment, count: int) -> list[dict[str, Any]]:
    """The newest records first."""
    s3 = environment.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=environment.bucket, Prefix=PREFIX)
    keys = sorted((one["Key"] for page in pages for one in page.get("Contents", [])), reverse=True)
    return [
        json.loads(s3.get_object(Bucket=environment.bucket, Key=key)["Body"].read()) for key in keys[:count]
    ]


def line(record: dict[str, Any]) -> str:
    """One line for people."""
    way = f"{record['before'] or 'nothing'} -> {record['after']}"
    words = f"{record['started_at'][:19]}  {record['kind']:<8}  {way}"
    who = record["who"].rpartition("/")[2]
    words += f"  {record['outcome']}  {record['seconds']:.0f} s  {who}  {len(record['commits'])} commits"
    return words + (f"\n    {record['reason']}" if record["reason"] else "")
