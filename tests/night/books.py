"""What MySQL says of the one rollout there is, read from outside."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import MySQLdb

from tests.servers import DATABASE, MariaDB


@dataclass(frozen=True)
class Target:
    """One access point of a wave that was opened, not yet at its end. Times in UTC."""

    serial: str
    state: str
    attempts: int
    network: int
    online: bool
    not_before: datetime | None
    deadline: datetime | None
    command: str | None


@dataclass(frozen=True)
class Look:
    """The rollout at one moment. ``settled`` is when its last wave's soak began."""

    state: str
    wave: int
    look_at: datetime | None
    gives_up_at: datetime
    answer: timedelta
    settled: datetime | None
    soak: timedelta
    at: datetime
    targets: Sequence[Target]
    counts: Counter[str]

    @property
    def over(self) -> bool:
        return self.state not in ("scheduled", "running")

    @property
    def busy(self) -> list[Target]:
        return [one for one in self.targets if one.state == "busy"]

    @property
    def waiting(self) -> list[Target]:
        return [one for one in self.targets if one.state == "waiting"]

    @property
    def progress(self) -> tuple[Any, ...]:
        """Changes whenever anything becomes of anybody."""
        attempts = sum(one.attempts for one in self.targets)
        return self.state, self.wave, self.settled, attempts, tuple(sorted(self.counts.items()))


class Books:
    def __init__(self, database: MariaDB) -> None:
        self.port = database.port

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(self._connection()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            return [tuple(_utc(value) for value in row) for row in cursor.fetchall()]

    def _connection(self) -> Any:
        return MySQLdb.connect(
            host="127.0.0.1", port=self.port, user="root", database=DATABASE, autocommit=True
        )

    def online(self) -> int:
        """Access points that are there and said what they are."""
        ((count,),) = self.rows(
            "SELECT COUNT(*) FROM devices_accesspoint WHERE link = 'online' AND compatible <> ''"
        )
        return int(count)

    def look(self) -> Look:
        """The newest rollout."""
        ((pk, state, wave, look_at, gives_up_at, answer),) = self.rows(
            "SELECT id, state, wave, look_at, gives_up_at, answer_minutes FROM devices_rollout"
            " ORDER BY id DESC LIMIT 1"
        )
        last = self.rows(
            "SELECT settled_at, soak_minutes, opened_at FROM devices_wave"
            f" WHERE rollout_id = {pk} AND number = {wave}"
        )
        settled, soak, opened = last[0] if last else (None, 0, None)
        return Look(
            state,
            wave,
            look_at,
            gives_up_at,
            timedelta(minutes=answer),
            settled,
            timedelta(minutes=soak),
            opened,
            [*self._targets(pk, wave)],
            Counter(dict(self._counts(pk))),
        )

    def _targets(self, rollout: int, wave: int) -> Iterator[Target]:
        rows = self.rows(
            "SELECT t.serial, t.state, t.attempts, a.network_id, a.link, t.not_before, t.deadline, c.state"
            " FROM devices_rollouttarget t JOIN devices_accesspoint a ON a.id = t.access_point_id"
            " LEFT JOIN devices_command c ON c.id = t.command_id"
            f" WHERE t.rollout_id = {rollout} AND t.wave <= {wave} AND t.state IN ('waiting', 'busy')"
        )
        for serial, state, attempts, network, link, *rest in rows:
            yield Target(serial, state, attempts, network, link in ("online", "late"), *rest)

    def _counts(self, rollout: int) -> list[tuple[str, int]]:
        rows = self.rows(
            f"SELECT state, COUNT(*) FROM devices_rollouttarget WHERE rollout_id = {rollout} GROUP BY state"
        )
        return [(state, int(count)) for state, count in rows]

    def ends(self) -> dict[str, tuple[str, str, int]]:
        """State, outcome and attempts of every target of the newest rollout."""
        rows = self.rows(
            "SELECT serial, state, outcome, attempts FROM devices_rollouttarget"
            " WHERE rollout_id = (SELECT MAX(id) FROM devices_rollout)"
        )
        return {serial: (state, outcome, attempts) for serial, state, outcome, attempts in rows}

    def commands(self) -> int:
        ((count,),) = self.rows("SELECT COUNT(*) FROM devices_command WHERE kind = 'upgrade'")
        return int(count)


def _utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
