"""What the kernel has counted of a process: CPU and memory (Linux)."""

import os
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu(pid: int) -> float:
    """Seconds of CPU, user and system, of all its threads since it started; steps of 10 ms."""
    # The name in the second field may hold anything; the fields after its bracket are numbers.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK


def resident(pid: int) -> int:
    """Bytes of memory it holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
