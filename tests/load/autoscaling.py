"""A week of visitors under production's own policy: instances, waits, and the price beside a rigid one.

Nothing is measured but the policy: its figures are read from ``terraform/``, the arithmetic is in
``tests.load.scaling``, the visitors in ``tests.load.week``. Draws docs/images/autoscaling.svg.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hcl2

from tests.load.findings import Findings, Goal, Table, number
from tests.load.scaling import DAY, HOUR, Floor, Minute, Policy, play
from tests.load.week import Week

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "autoscaling.svg"
DAYS = {"MON-FRI": frozenset(range(5)), "SAT,SUN": frozenset({5, 6}), "*": frozenset(range(7))}
# What an instance can answer, in targets: terraform/app/variables.tf aims at two fifths of it.
CAPACITY = 2.5
PEAK = 5.5  # instances at their target, at a weekday's busiest minute


def measure(scale: float = 1.0) -> Findings:
    policy = production()
    week = Week(peak=PEAK * scale * policy.target)
    minutes = list(play(policy, week, 7 * DAY))
    draw(minutes, policy, PICTURE)
    tracked = sum(minute.paid for minute in minutes) / HOUR
    rigid = rigid_hours(minutes)
    saving = f"{1 - tracked / rigid:.0%}"
    sample = (
        f"A week of {number(sum(minute.load for minute in minutes) / 1e6)} million requests, "
        f"{number(week.peak)} a minute when a usual day is busiest, {number(_busiest(minutes))} in a rush. "
        f"{policy.least} to {policy.most} instances for {number(policy.target)} requests a minute each, "
        f"{policy.boot} minutes from the alarm to the first request, {policy.drain} to drain."
    )
    rows = [
        ("the group", _most(minutes), number(tracked), saving),
        ("one rigid instance, as large as the group at its most", "1", number(rigid), "0%"),
    ]
    table = Table(("", "instances at most", "hours of one instance of the group's", "saved"), rows)
    return Findings(sample, [table], _goals(minutes, policy))


def _goals(minutes: Sequence[Minute], policy: Policy) -> list[Goal]:
    over = sum(minute.per_instance > CAPACITY * policy.target for minute in minutes)
    above = sum(minute.per_instance > 1.5 * policy.target for minute in minutes)
    return [
        Goal("with more than an instance can answer, so that visitors wait", 0, over, "minutes"),
        Goal("above one and a half times the target, of 10,080", 60, above, "minutes"),
    ]


def _busiest(minutes: Sequence[Minute]) -> float:
    return max(minute.load for minute in minutes)


def _most(minutes: Sequence[Minute]) -> int:
    return max(minute.ready for minute in minutes)


def rigid_hours(minutes: Sequence[Minute]) -> float:
    """What a machine as large as the most of them costs, always on, in hours of one (price goes by size)."""
    return _most(minutes) * len(minutes) / HOUR


def production() -> Policy:
    """The consoles' policy as ``terraform/`` has it. Raises ``KeyError`` when it says it otherwise."""
    fleet = _read("environments/production/app.tfvars")["fleets"]["console"]
    return Policy(
        target=float(_default("requests_per_instance")),
        least=int(fleet["size"]["min"]),
        most=int(fleet["size"]["max"]),
        floors=[_floor(one) for one in fleet["floors"].values()],
    )


def _floor(told: dict[str, Any]) -> Floor:
    """From the hour its cron expression names until floors end; minutes are left out."""
    hour, days = re.fullmatch(r"\d+ (\d+) \* \* (\S+)", told["at"]).groups()  # type: ignore[union-attr]
    ends = re.fullmatch(r"0 (\d+) \* \* \*", str(_default("rest_at")))
    assert ends is not None
    return Floor(int(hour), int(ends[1]), int(told["min"]), DAYS[days])


def _default(name: str) -> Any:
    variables = _read("app/variables.tf")["variable"]
    return next(told[name]["default"] for told in variables if name in told)


def _read(path: str) -> dict[str, Any]:
    with (ROOT / "terraform" / path).open() as file:
        return _unquoted(hcl2.load(file))


def _unquoted(told: Any) -> Any:
    """python-hcl2 keeps the quotes of HCL's names and texts."""
    if isinstance(told, dict):
        return {_unquoted(key): _unquoted(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_unquoted(value) for value in told]
    return told.strip('"') if isinstance(told, str) else told


def draw(minutes: Sequence[Minute], policy: Policy, path: Path) -> None:
    """Two lines over the week: visitors in units of one instance's target, and instances paid for."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "aerie", "font.family": "sans-serif", "svg.fonttype": "none"}
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 3.6), layout="constrained")
    days = [number / DAY for number in range(0, len(minutes), 5)]
    axes.fill_between(
        days, [m.load / policy.target for m in minutes[::5]], color="#cfe2ff", label="needed at the target"
    )
    axes.step(
        days, [m.paid for m in minutes[::5]], color="#0a58ca", linewidth=1.2, label="instances paid for"
    )
    axes.axhline(
        max(m.load for m in minutes) / policy.target,
        color="#6c757d",
        linestyle="--",
        label="one rigid instance",
    )
    axes.set(ylabel="console instances", xlim=(0, 7), ylim=0)
    axes.set_xticks([day + 0.5 for day in range(7)], ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    axes.tick_params(axis="x", length=0)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
