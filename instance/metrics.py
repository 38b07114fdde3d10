"""Each minute: this instance's own figures, put into CloudWatch.

A minute that cannot be had or put is lost, and the log says so: an old figure told later would mislead.
"""

import logging
import time
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from instance import figures, hangs, scrape
from instance.aws import why
from instance.figures import NAMESPACE, Figure
from instance.identity import Identity, await_identity
from instance.imds import Imds
from instance.settings import Settings

EVERY = 60.0  # seconds
CONSOLE = "http://127.0.0.1:8000/metrics"
OUTPOST = "http://127.0.0.1:15003/metrics"
MOST = 1000  # figures in one call
log = logging.getLogger(__name__)


class Meter:
    """``put`` once a minute. Remembers how many restarts it told of, also beyond its own end."""

    def __init__(self, settings: Settings, identity: Identity, client: Any) -> None:
        self._settings, self._identity, self._client = settings, identity, client
        self._told = settings.run / "agent" / "restarts-told"

    def put(self, now: datetime) -> list[Figure]:
        """What was put. Raises boto3's errors."""
        restarts = self._restarts()
        found = self.gather(now, restarts - self._restarts_told())
        wire = figures.wire(found, self._identity.assignment.environment, now)
        for first in range(0, len(wire), MOST):
            self._client.put_metric_data(Namespace=NAMESPACE, MetricData=wire[first : first + MOST])
        self._told.write_text(str(restarts))
        return found

    def gather(self, now: datetime, restarts: int) -> list[Figure]:
        """Whatever can be had."""
        roles = self._identity.assignment.roles
        found = figures.of_restarts(roles[0], max(0, restarts))
        if "console" in roles:
            found += figures.of_console(self._page(CONSOLE, self._settings.metrics_token))
        if "outpost" in roles:
            found += figures.of_outpost(self._page(OUTPOST), now)
        return found

    def _page(self, url: str, token: str = "") -> list[scrape.Sample]:
        try:
            return scrape.page(url, token)
        except scrape.NoAnswer as error:
            log.warning("no figures: %s", error)
            return []

    def _restarts(self) -> int:
        """A unit that systemd's watchdog killed leaves a line, by its ExecStopPost; one of ours, a hang."""
        hangs.note(self._settings.run / "agent")
        return sum(len(self._read(name).splitlines()) for name in ("watchdog-restarts", "agent/hangs"))

    def _restarts_told(self) -> int:
        try:
            return int(self._told.read_text())
        except (OSError, ValueError):
            return 0

    def _read(self, name: str) -> str:
        try:
            return (self._settings.run / name).read_text()
        except OSError:
            return ""


def run(settings: Settings) -> None:
    """Until killed. Raises ``UserDataInvalid``."""
    identity = await_identity(Imds(settings.imds))
    meter = Meter(settings, identity, identity.client("cloudwatch"))
    while True:
        began = time.monotonic()
        try:
            meter.put(datetime.now(UTC))
        except (BotoCoreError, ClientError) as error:
            log.warning("CloudWatch does not take our figures: %s", why(error))
        time.sleep(max(1.0, EVERY - (time.monotonic() - began)))
