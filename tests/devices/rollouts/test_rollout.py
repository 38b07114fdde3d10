"""Whole rollouts of any fleet, in any mood: the laws hold at every step, and every rollout ends."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from devices.rollouts.decide import Budget, Finish, Halt
from devices.rollouts.waves import Share, sizes
from devices.rollouts.windows import Window
from tests.devices.rollouts.fleet import ANSWER, Fleet, Opened, Target

# The evening before the clocks go back in Amsterdam.
EVENING = datetime(2026, 10, 24, 18, tzinfo=UTC)
WINDOWS = (
    Window(time(0), time(0), "UTC"),
    Window(time(23), time(4), "Europe/Amsterdam"),
    Window(time(2, 10), time(2, 50), "Europe/Amsterdam"),
    Window(time(1), time(5), "America/New_York"),
)
FATES = ("ok", "late", "lost", "failed", "silent", "unsent")
budgets = st.builds(Budget, st.integers(1, 20), st.just("count")) | st.builds(Budget, st.integers(1, 100))
percents = st.lists(st.integers(1, 100), max_size=3).map(lambda all_of: [Share(n) for n in sorted(all_of)])
minutes = st.integers(0, 90).map(lambda n: timedelta(minutes=n))


@st.composite
def targets(draw: st.DrawFn) -> list[Target]:
    """All of one mood: from fleets where nothing fails to those where nothing works."""
    mood = draw(st.lists(st.sampled_from(FATES), min_size=1, max_size=6))
    waves = sizes(draw(st.integers(1, 60)), draw(percents))
    fates = st.lists(st.sampled_from(mood), min_size=1, max_size=3).map(tuple)
    numbers = [number for number, size in enumerate(waves, 1) for _ in range(size)]
    return [
        Target(number, draw(st.sampled_from(WINDOWS)), draw(fates), online=draw(st.integers(0, 9)) > 0)
        for number in numbers
    ]


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    some = draw(targets())
    numbers = [one.wave for one in some]
    waves = {number: Opened(numbers.count(number), draw(minutes)) for number in sorted(set(numbers))}
    starts_at = EVENING + draw(minutes)
    return Fleet(
        starts_at,
        starts_at + timedelta(days=draw(st.integers(1, 4))),
        draw(budgets),
        at_once=draw(st.integers(1, 20)),
        attempts=draw(st.integers(1, 3)),
        waves=waves,
        targets=some,
        now=EVENING,
    )


class AnyRollout(RuleBasedStateMachine):
    """Devices come and go, people cancel and resume; ``Fleet`` asserts at every decision."""

    fleet: Fleet

    @initialize(fleet=fleets())
    def start(self, fleet: Fleet) -> None:
        self.fleet = fleet
        fleet.look()

    @rule(span=st.integers(1, 600).map(lambda n: timedelta(minutes=n)))
    def time_passes(self, span: timedelta) -> None:
        self.fleet.until(self.fleet.now + span)

    @rule(some=st.sets(st.integers(0, 59), max_size=10), online=st.booleans())
    def links_change(self, some: set[int], online: bool) -> None:
        for one in self.some(some):
            one.online = online
        self.look()

    @rule(some=st.sets(st.integers(0, 59), max_size=10))
    def some_are_cancelled(self, some: set[int]) -> None:
        self.fleet.cancel(self.some(some))
        self.look()

    @rule()
    @precondition(lambda self: isinstance(self.fleet.ended, Halt))
    def somebody_resumes_it(self) -> None:
        self.fleet.resume()
        self.look()

    @invariant()
    def nothing_is_claimed_after_the_end(self) -> None:
        fleet = getattr(self, "fleet", None)
        if fleet and fleet.ended:
            assert fleet.log[-1] == fleet.ended

    def some(self, numbers: set[int]) -> list[Target]:
        return [one for number, one in enumerate(self.fleet.targets) if number in numbers]

    def look(self) -> None:
        if self.fleet.ended is None:
            self.fleet.look()

    def teardown(self) -> None:
        """Left alone, it comes to its end: at the latest when time and the last answer are over."""
        if fleet := getattr(self, "fleet", None):
            fleet.until(max(fleet.gives_up_at, fleet.now) + ANSWER)
            assert isinstance(fleet.ended, Finish | Halt), fleet.log[-3:]
            assert not isinstance(fleet.ended, Finish) or all(one.state != "busy" for one in fleet.targets)


TestAnyRollout = AnyRollout.TestCase
TestAnyRollout.settings = settings(max_examples=150, stateful_step_count=12, deadline=None)
