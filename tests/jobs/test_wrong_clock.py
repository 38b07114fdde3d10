"""A machine whose clock is wrong is told so by MySQL, once in a while."""

import time
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test import Client

from console import health
from devices import skew
from devices.skew import MOST, RECHECK, Skew


def test_it_is_measured_against_mysql(db: None) -> None:
    assert measured_well(0)
    with time_machine.travel(time.time() - 3600):
        assert measured_well(-3600)


def measured_well(ahead: float) -> bool:
    """By the best of some looks: a machine that stalls in the middle of one is no wrong clock."""
    return any(abs(skew.measure() - ahead) < 1 for _ in range(10))


def test_it_is_looked_at_now_and_then_and_stands_while_mysql_is_away() -> None:
    told: list[Any] = [90.0, OperationalError(), 0.0]
    ticks = [0.0]

    def measure() -> float:
        if isinstance(told[0], Exception):
            raise told.pop(0)
        return float(told.pop(0))

    one = Skew(measure, lambda: ticks[0])
    assert (one.is_wrong(), one.ahead()) == (True, 90.0)
    ticks[0] += RECHECK
    assert one.ahead() == 90.0
    ticks[0] += RECHECK
    assert (one.is_wrong(), one.ahead()) == (False, 0.0)


def test_a_slow_answer_says_nothing_about_the_clock(db: None) -> None:
    """MySQL answers at once; the time it took is passed in, and the wall clock moves by as much."""
    ticks = [0.0]
    with time_machine.travel(time.time(), tick=False) as clock:

        def slow(execute: Any, *rest: Any) -> Any:
            answer = execute(*rest)
            clock.shift(3 * MOST)
            ticks[0] += 3 * MOST
            return answer

        one = Skew(lambda: skew.measure(ticks=lambda: ticks[0]))
        with connection.execute_wrapper(slow):
            assert one.ahead() == 0.0
    assert ticks == [3 * MOST]


def test_seconds_are_forgiven_either_way() -> None:
    assert [skew.is_wrong(ahead) for ahead in (-MOST, MOST, -MOST - 1, MOST + 1)] == [
        False,
        False,
        True,
        True,
    ]


def test_readiness_says_it_in_words(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Skew(lambda: -61.25)
    one.ahead()
    monkeypatch.setattr(health, "_CLOCK", one)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["clock"]) == (503, "61.2 s behind the database's")
