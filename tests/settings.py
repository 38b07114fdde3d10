"""The console's settings, each pytest-xdist worker with Redis databases and stored files of its own.

``make test`` starts the servers; this module only picks a worker's share of them.
The variables are changed in the environment, so processes that a test starts get the same share.
"""

import os
import re

if os.environ.get("AERIE_ENV") != "test" or "DATABASE_URL" not in os.environ:
    raise SystemExit("No servers to test with. Run `make test`, or `make test T=tests/…` for a part.")


def _claim_redis_databases(worker: int) -> None:
    """Worker N uses database 2N for the queues and 2N+1 for the live store."""
    for variable, offset in (("REDIS_URL", 0), ("LIVE_STORE_URL", 1)):
        server = re.sub(r"/\d+$", "", os.environ[variable])
        os.environ[variable] = f"{server}/{2 * worker + offset}"


_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_claim_redis_databases(_worker)
_storage = re.sub(r"/worker-\d+$", "", os.environ["STORAGE_URL"])
os.environ["STORAGE_URL"] = f"{_storage}/worker-{_worker}"

from console.settings import *  # noqa: E402, F403

# On a stalled machine any statement is slow, and its line one too many; who tests them says how slow.
SLOW_QUERY_SECONDS = 60.0
# Static files come straight from the source tree; nothing was collected.
WHITENOISE_AUTOREFRESH = True
