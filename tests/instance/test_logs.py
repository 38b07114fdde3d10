"""From the journal to CloudWatch Logs: whole, in order, within its limits, through outages and restarts."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import example, given
from hypothesis import strategies as st

from instance import events
from instance.events import Batch, Event
from instance.identity import Identity
from instance.journal import Journal
from instance.logs import Loop, Shipper
from tests.ops.aws import LocalAws

AT = int(time.time() * 1000) - 60_000  # AWS takes none that is older than two weeks


def _entry(number: int, message: Any, unit: str = "worker@default.service") -> dict[str, Any]:
    place = {"__CURSOR": f"c{number}", "__REALTIME_TIMESTAMP": str((AT + number) * 1000)}
    return place | {"MESSAGE": message, "_SYSTEMD_UNIT": unit, "PRIORITY": "6"}


def _read(message: Any, unit: str = "worker@default.service") -> dict[str, Any]:
    return json.loads(events.read(_entry(1, message, unit), ["worker"], "i-1").message)  # type: ignore[no-any-return]


def test_our_own_lines_stay_what_they_are() -> None:
    line = {"event": "done", "unit": "mine"}
    assert _read(json.dumps(line)) == line | {"instance": "i-1"}
    assert _read("{not json") == {
        "unit": "worker@default",
        "instance": "i-1",
        "priority": "6",
        "message": "{not json",
    }


def test_bytes_and_fields_that_are_there_twice_become_text() -> None:
    assert _read([104, 195, 164, 255])["message"] == "hä\ufffd"
    assert _read(["a", [98]])["message"] == "a b"
    assert _read(None)["message"] == ""


@pytest.mark.parametrize(
    ("unit", "roles", "role"),
    [
        ("console.service", ("worker", "console"), "console"),
        ("scheduler.service", ("worker",), "worker"),
        ("worker@reports.service", ("worker", "utility"), "utility"),
        ("outpost@15002.service", ("outpost",), "outpost"),
        ("ssm-agent.service", ("utility", "worker"), "utility"),
    ],
)
def test_lines_go_to_their_role(unit: str, roles: tuple[str, ...], role: str) -> None:
    assert events.role_of(unit, roles) == role


@given(st.builds(str.__mul__, st.text(min_size=1, max_size=9), st.integers(1, 90_000)))
@example('{"a":"' + "x" * 300_000 + '"}')
@example("\U0001f600" * 100_000)
def test_no_line_is_longer_than_aws_takes(text: str) -> None:
    message = events.message_of(text, "u", "i-1", {})
    assert len(message.encode()) <= events.MAX_EVENT_BYTES
    assert json.loads(message).get("unit") == "u"


@given(st.lists(st.tuples(st.integers(0, 90_000_000), st.integers(1, 262_000)), max_size=60))
def test_a_batch_is_never_more_than_one_call_takes(lines: list[tuple[int, int]]) -> None:
    batch = Batch()
    for at, size in lines:
        event = Event("worker", at, "x" * size, "c")
        if batch.takes(event):
            batch.add(event)
    wire = batch.wire()
    times = [one["timestamp"] for one in wire]
    assert sum(len(one["message"]) + events.OVERHEAD for one in wire) <= events.MAX_BATCH_BYTES
    assert times == sorted(times)
    assert not times or times[-1] - times[0] < 24 * 3_600_000


class _Program:
    """A journalctl that tells these entries, from the cursor on, and then waits."""

    def __init__(self, directory: Path, count: int) -> None:
        self.place = directory / "cursor"
        script = directory / "journalctl.py"
        entries = [json.dumps(_entry(number, f"line {number}")) for number in range(count)]
        script.write_text(
            "import sys, time\n"
            f"entries = {entries!r}\n"
            "after = [a.split('=c')[1] for a in sys.argv if a.startswith('--after-cursor=')]\n"
            "if after and not after[0].isdigit(): sys.exit(1)\n"
            "first = int(after[0]) + 1 if after else 0\n"
            "print('\\n'.join(entries[first:]), flush=True)\n"
            "time.sleep(60)\n"
        )
        self.command = (sys.executable, str(script))

    def journal(self) -> Journal:
        return Journal(self.place, self.command)


@pytest.fixture
def program(tmp_path: Path) -> _Program:
    return _Program(tmp_path, 5000)


def _until(journal: Journal, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        found += [entry["MESSAGE"] for entry in journal.entries(5)]
    journal.close()
    return found


def test_the_journal_goes_on_where_it_was_left(program: _Program) -> None:
    journal = program.journal()
    assert _until(journal, 5000) == [f"line {number}" for number in range(5000)]
    journal.mark("c4997")
    assert _until(program.journal(), 2) == ["line 4998", "line 4999"]


def test_a_place_that_is_lost_is_the_beginning(program: _Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instance.journal.FAILED_PAUSE", 0)
    program.place.write_text("cnowhere")
    assert len(_until(program.journal(), 5000)) == 5000


class _Flaky:
    """CloudWatch Logs behind a line that fails as often as it is told."""

    def __init__(self, client: Any, failures: int) -> None:
        self.client, self.failures = client, failures
        self.exceptions = client.exceptions

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def put_log_events(self, **words: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise EndpointConnectionError(endpoint_url="logs")
        return self.client.put_log_events(**words)


@pytest.fixture
def loops(amazon: LocalAws, here: Identity, program: _Program, tmp_path: Path) -> Iterator[Any]:
    """Makes loops over the same journal and stream, which are told to end once all its lines are shipped."""
    journals = []

    def make(failures: int = 0) -> Loop:
        journal = program.journal()
        journals.append(journal)
        client = _Flaky(amazon.client("logs"), failures)

        def mark(cursor: str) -> None:
            journal.mark(cursor)
            if cursor == "c4999":
                loop.end()

        shipper = Shipper(client, "logs", tmp_path.name, mark)
        loop = Loop(journal, shipper, here, sleep=lambda seconds: None)
        return loop

    yield make
    for journal in journals:
        journal.close()


def _shipped(amazon: LocalAws, stream: str) -> list[str]:
    logs, found = amazon.client("logs"), []
    about = {"logGroupName": "/aerie/logs/worker", "logStreamName": stream, "limit": 10_000}
    answer = logs.get_log_events(**about, startFromHead=True)
    while answer["events"]:
        found += [json.loads(event["message"])["message"] for event in answer["events"]]
        answer = logs.get_log_events(**about, startFromHead=True, nextToken=answer["nextForwardToken"])
    return found


def test_an_outage_costs_no_line_and_doubles_none(loops: Any, amazon: LocalAws, tmp_path: Path) -> None:
    loops(failures=3).run()
    assert _shipped(amazon, tmp_path.name) == [f"line {number}" for number in range(5000)]


def test_the_next_start_ships_what_is_new_alone(
    loops: Any, amazon: LocalAws, tmp_path: Path, program: _Program
) -> None:
    loops().run()
    again = loops()
    again.end()
    again.run()
    assert len(_shipped(amazon, tmp_path.name)) == 5000
    assert program.place.read_text() == "c4999"


def test_an_end_is_heeded_in_the_middle_of_a_pause(loops: Any) -> None:
    now, loop = [0.0], loops(failures=1000)

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] >= 40 and loop._end_by == float("inf"):
            loop.end()

    loop._ticks, loop._sleep = lambda: now[0], sleep
    loop._take(events.read(_entry(1, "line"), ["worker"], "i-1"))
    loop.ship()
    assert 40 <= now[0] <= 40 + 8


def test_an_end_during_an_outage_leaves_the_mark_where_it_was(loops: Any, program: _Program) -> None:
    now = [0.0]
    loop = loops(failures=1000)
    loop._ticks = lambda: now[0]
    loop._sleep = lambda seconds: now.__setitem__(0, now[0] + seconds)
    loop.end()
    loop.run()
    assert not program.place.exists()
