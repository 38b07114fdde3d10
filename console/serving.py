"""gunicorn's configuration: ``gunicorn -c python:console.serving console.wsgi:application``.

Its names are gunicorn's settings and hooks. Sockets come from systemd when it hands some over
(LISTEN_FDS), else ``CONSOLE_LISTEN`` is bound. Measured: docs/decisions/0014.
"""

import os
from pathlib import Path
from typing import Any

import environ

from console import logs, shared_metrics
from console.watching import Watchdog, Worker
from outpost.notify import STOPPING, take_notifier
from outpost.shared_metrics import share_metrics, unshare_metrics

env = environ.Env()
_metrics = share_metrics()  # before a worker imports what counts
_notifier = take_notifier()  # gunicorn itself would say that it is ready before the application is loaded

bind = env.str("CONSOLE_LISTEN", "127.0.0.1:8000")
workers = int(env.str("CONSOLE_WORKERS", "") or 2 * (os.cpu_count() or 1))
threads = env.int("CONSOLE_THREADS", 8)
worker_class = Worker
Worker.stuck_seconds = env.float("CONSOLE_STUCK_SECONDS", 45.0)
_drain_file = env.str("DRAIN_FILE", "")
Worker.drain_file = Path(_drain_file) if _drain_file else None

keepalive = 75  # seconds; longer than the balancer keeps an idle connection (60), so that it closes first
timeout = 30  # seconds a worker's main loop may stand still
graceful_timeout = 30  # seconds for what is in flight when told to end
max_requests = env.int("CONSOLE_MAX_REQUESTS", 20_000)  # 0: a worker lives for ever
max_requests_jitter = max_requests // 5
backlog = 2048
# Never a disk: a heartbeat that waits for one looks like a worker that hangs.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
preload_app = False  # every worker loads the code itself: nothing is open in two processes
control_socket_disable = True
# Who may say that the visitor came by https: whoever reaches us, when a proxy must be in between.
forwarded_allow_ips = "*" if env.int("TRUSTED_PROXIES", 0) else "127.0.0.1,::1"
sendfile = False  # in pieces: each says that the visitor goes on
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 16_380
accesslog = None  # Django logs each request with who made it
_level, _release = env.str("LOG_LEVEL", "INFO"), env.str("AERIE_RELEASE", "development")
_own = {"level": _level, "handlers": ["stream"], "propagate": False}  # gunicorn gives it a handler otherwise
logconfig_dict = logs.configure_gunicorn(_level, _release) | {"loggers": {"gunicorn.error": _own}}


def when_ready(arbiter: Any) -> None:
    """The sockets are open. Watched from now on, under systemd alone: elsewhere nobody would listen."""
    if _notifier.address:
        Watchdog(arbiter, _notifier).start()


def child_exit(arbiter: Any, worker: Any) -> None:
    """A worker ended, as each does now and then: what it counted must not."""
    shared_metrics.forget(_metrics, worker.pid)


def on_exit(arbiter: Any) -> None:
    """All have ended. Said here and not by the watchdog, which may be asleep until the process is gone."""
    _notifier.tell(STOPPING)
    unshare_metrics(_metrics)
