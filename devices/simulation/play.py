"""Plays a fleet in the foreground: signals, summary lines, the last word and the exit code."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable

import uvloop

from devices.simulation.arguments import DESCRIPTION, add_arguments
from devices.simulation.assembly import BadArgument, fleet_of
from devices.simulation.fleet import Fleet

BAD_ARGUMENTS = 2


def main(arguments: list[str] | None = None) -> int:
    """`python -m devices.simulation`: answers the exit code."""
    parser = argparse.ArgumentParser("simulate_fleet", description=DESCRIPTION)
    add_arguments(parser)
    try:
        return play(parser.parse_args(arguments))
    except BadArgument as error:
        sys.stderr.write(f"simulate_fleet: {error}\n")
        return BAD_ARGUMENTS


def play(chosen: argparse.Namespace, tell: Callable[[str], None] | None = None) -> int:
    """Plays what was chosen to its end and answers the exit code. Raises BadArgument."""
    tell = tell or _print
    fleet = fleet_of(chosen, tell)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_play(fleet, chosen))
    tell(json.dumps(_summary(fleet, code)) if chosen.json else fleet.figures.line())
    return code


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _play(fleet: Fleet, chosen: argparse.Namespace) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, fleet.end)
    fleet.tell(f"{len(fleet.devices)} pretend access points dial {fleet.url}")
    summary = loop.create_task(_summarise(fleet, chosen.summary)) if chosen.summary else None
    try:
        return await fleet.run(chosen.duration)
    finally:
        if summary is not None:
            summary.cancel()


async def _summarise(fleet: Fleet, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        fleet.tell(fleet.figures.line())


def _summary(fleet: Fleet, code: int) -> dict[str, object]:
    return {"url": fleet.url, "exit_code": code, "alarms": fleet.alarms, **fleet.figures.as_dict()}
