"""``make bench``: run every benchmark, or those named, print their findings, write docs/performance.md."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module

import django

from tests.load import page
from tests.load.findings import Findings

Measure = Callable[[float], Findings]

# In the order of the page. Each is a module with measure(scale).
BENCHMARKS = (
    "rendering",
    "codec",
    "live_store",
    "publishing",
    "check_ins",
    "main_job",
    "rollouts",
    "backups",
    "usage",
    "queue",
    "autoscaling",
)


def main(arguments: list[str]) -> int:
    chosen = _parse(arguments)
    # Told to stop, everything that was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    names = [name for name in BENCHMARKS if name in chosen.benchmarks or not chosen.benchmarks]
    _prepare()
    began = time.monotonic()
    for number, name in enumerate(names, start=1):
        _tell(f"[{number}/{len(names)}] {name} …")
        _run(name, chosen.scale)
        _tell(f"{time.monotonic() - began:.0f} s since the start")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    parser.add_argument("benchmarks", nargs="*", choices=[[], *BENCHMARKS], help="which; all without any")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the sizes (default %(default)s)")
    return parser.parse_args(arguments)


def _prepare() -> None:
    """Django on the private servers that ``python -m tests.servers`` named."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _run(name: str, scale: float) -> None:
    measure: Measure = import_module(f"tests.load.{name}").measure
    caption = page.caption(datetime.now(UTC), scale, os.getloadavg()[0])
    findings = measure(scale)
    print(f"\n{caption}\n\n{findings}\n", flush=True)
    page.PAGE.write_text(page.insert(page.PAGE.read_text(), name, caption, findings))


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
