"""docs/performance.md: prose by hand, and between markers what the last run of each benchmark found."""

import os
import platform
import re
from datetime import datetime
from pathlib import Path

from tests.load.findings import Findings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


class NoMarkers(ValueError):
    """The page has no place for this benchmark's figures; the message says which markers are missing."""


def machine() -> str:
    """Processors, memory and Python of this machine, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores ({_processor()}), {memory:.0f} GiB, Python {platform.python_version()}"


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", told.read_text()) if told.exists() else None
    return found[1] if found else platform.machine()


def caption(now: datetime, scale: float, load: float) -> str:
    """When, where and how busy it was there before: ``load`` is the load average of a minute."""
    return (
        f"*Measured {now:%Y-%m-%d %H:%M} UTC on {machine()}; scale {scale:g}; "
        f"load average before: {load:.1f}.*"
    )


def insert(text: str, name: str, caption: str, findings: Findings) -> str:
    """The page with the findings between the benchmark's markers. Raises ``NoMarkers``."""
    begin, end = f"<!-- bench {name} -->", f"<!-- end {name} -->"
    if begin not in text or end not in text:
        raise NoMarkers(f"docs/performance.md has no {begin} … {end}")
    before, rest = text.split(begin, 1)
    return f"{before}{begin}\n{caption}\n\n{findings}\n{end}{rest.split(end, 1)[1]}"
