"""Interrupted at any line of Python, a task is free for the next worker at once and has its effect once."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from django.db import connection, transaction

from devices.models import Event, Task
from jobs import dispatch
from jobs.ending import Ending, HandBack
from tests.interrupting import apart
from tests.jobs import probes
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
POINTS = 60  # lines at which it is interrupted, spread over all of them


class Interruption:
    """A trace function that does what the signal does: between two lines, if the job may be interrupted."""

    def __init__(self, at: float = float("inf")) -> None:
        self.lines, self._at = 0, at

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line" and Ending._interruptible:
            self.lines += 1
            if self.lines >= self._at:
                sys.settrace(None)
                Ending._interrupt(0, frame)
        return self

    def during(self, work: Callable[[], None]) -> bool:
        """Whether it was handed back."""
        before = sys.gettrace()
        sys.settrace(self)
        try:
            apart(work)
        except HandBack:
            return True
        finally:
            sys.settrace(before)
        return False


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dispatch.KINDS, "effect", probes.kinds()["effect"])
    monkeypatch.setattr(Task, "wake", None)


def interrupted(world: World, at: float) -> tuple[int, bool]:
    """How many lines it did, and whether it was handed back; then another worker comes."""
    Event.objects.all().delete()
    task = Task.promise("effect", "interrupted", {"access_point": world.counter.pk})
    interruption = Interruption(at)
    handed_back = interruption.during(lambda: dispatch.perform(task.pk))
    left = Task.objects.filter(pk=task.pk).values_list("lease_until", "attempts")
    assert list(left) in ([], [(None, 0)])
    dispatch.perform(task.pk)
    return interruption.lines, handed_back


def test_interrupted_anywhere_it_is_free_at_once_and_has_one_effect(world: World) -> None:
    lines, handed_back = interrupted(world, float("inf"))
    assert not handed_back
    swallowed = []
    for point in range(1, lines, lines // POINTS):
        seen, handed_back = interrupted(world, point)
        swallowed += [] if handed_back or seen < point else [point]
        assert Event.objects.filter(kind="probe").count() == 1
        assert not Task.objects.filter(kind="effect").exists()
    assert len(swallowed) <= 1, "in a destructor, where Python ignores it, the job goes on; nowhere else"


def test_a_job_interrupted_within_a_transaction_rolls_it_back_and_leaves_none_open() -> None:
    Task.promise("kept", "kept", {})
    with pytest.raises(HandBack):
        _half_done()
    assert not connection.in_atomic_block
    assert Task.objects.filter(kind="kept").exists()


def _half_done() -> None:
    with Ending.interruptible(), transaction.atomic():
        Task.objects.all().delete()
        raise HandBack
