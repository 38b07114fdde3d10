"""One page of metrics for several processes; to be called before anything imports ``prometheus_client``.

The library decides at its import whether values live in memory or in files of a directory that
every process maps (its multiprocess mode), hence a module of its own that does not import it.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# Not a disk: a process that writes into a mapped file of a full one is killed (SIGBUS).
_MEMORY = Path("/dev/shm")  # noqa: S108
_OURS = "aerie-metrics-"


def share_metrics() -> Path:
    """Keep metrics in files of one directory, empty at start; children find it in their environment.

    Raises ``RuntimeError`` when it is too late.
    """
    if "prometheus_client" in sys.modules and VARIABLE not in os.environ:
        raise RuntimeError("share_metrics() must run before prometheus_client is imported")
    root = _MEMORY if _MEMORY.is_dir() else None
    directory = Path(os.environ.get(VARIABLE) or tempfile.mkdtemp(prefix=_OURS, dir=root))
    directory.mkdir(parents=True, exist_ok=True)
    for left_behind in directory.glob("*.db"):
        left_behind.unlink()
    os.environ[VARIABLE] = str(directory)
    return directory


def unshare_metrics(directory: Path) -> None:
    """At the end of the process that shared it; a directory that was given stays."""
    if directory.name.startswith(_OURS):
        shutil.rmtree(directory, ignore_errors=True)


def page() -> bytes:
    """The text format's, of all processes together; of this one where nothing is shared."""
    import prometheus_client  # not before the directory is shared

    if VARIABLE not in os.environ:
        return prometheus_client.generate_latest()
    registry = prometheus_client.CollectorRegistry()
    registry.register(_Files(Path(os.environ[VARIABLE])))
    return prometheus_client.generate_latest(registry)


class _Files:
    """As the library's collector, which cannot read the empty file that a process has only just made."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Any:
        from prometheus_client.multiprocess import MultiProcessCollector

        return MultiProcessCollector.merge(list(self._written()))  # type: ignore[no-untyped-call]

    def _written(self) -> Iterator[str]:
        for file in self._directory.glob("*.db"):
            with suppress(FileNotFoundError):  # a process ended, and was forgotten
                if file.stat().st_size:
                    yield str(file)
