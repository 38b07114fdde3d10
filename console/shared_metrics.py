"""One page of metrics for all workers of this instance's gunicorn, whichever of them is asked.

prometheus_client keeps the values of each process in files of one directory, which
``outpost.shared_metrics`` makes. What a worker that ended has counted is added to one file, or the
directory would grow with every worker that is renewed.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from outpost.shared_metrics import VARIABLE

ADDED_UP = ("counter", "histogram")
PATIENCE = 1.0  # seconds to wait for pages that are being made; each takes some milliseconds


def forget(directory: Path, pid: int) -> None:
    """A worker ended: what it counted stays counted, what it measured is gone with it.

    gunicorn's arbiter calls it, which must not wait for ever for a worker that froze while it made a page:
    only the arbiter could end that one. Such a page may count this worker twice, and nobody reads it.
    """
    with _locked(directory, fcntl.LOCK_EX | fcntl.LOCK_NB):
        for kind in ADDED_UP:
            _add(directory / f"{kind}_{pid}.db", directory / f"{kind}_ended.db")
        for gauge in directory.glob(f"gauge_*_{pid}.db"):
            gauge.unlink()


@contextmanager
def reading() -> Iterator[None]:
    """While a page is made no worker's figures move, or they would be in it twice."""
    if VARIABLE not in os.environ:
        yield
        return
    with _locked(Path(os.environ[VARIABLE]), fcntl.LOCK_SH):
        yield


@contextmanager
def _locked(directory: Path, how: int) -> Iterator[None]:
    with (directory / "lock").open("a") as lock:
        until = time.monotonic() + PATIENCE
        while not _taken(lock, how) and time.monotonic() < until:
            time.sleep(0.01)
        yield


def _taken(lock: TextIO, how: int) -> bool:
    try:
        fcntl.flock(lock, how)
    except BlockingIOError:
        return False
    return True


def _add(ended: Path, total: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict  # not before the directory is shared

    if not ended.exists():
        return
    if not ended.stat().st_size:  # killed when it had only just made it
        ended.unlink()
        return
    sums = MmapedDict(str(total))  # type: ignore[no-untyped-call]
    for key, value, stamp, _position in MmapedDict.read_all_values_from_file(str(ended)):  # type: ignore[no-untyped-call]
        before, _ = sums.read_value(key)  # type: ignore[no-untyped-call]
        sums.write_value(key, before + value, stamp)  # type: ignore[no-untyped-call]
    sums.close()  # type: ignore[no-untyped-call]
    ended.unlink()
