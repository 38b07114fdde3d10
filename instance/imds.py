"""The instance metadata service, version 2: who this instance is, and what is about to happen to it.

Paths and answers: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

DEFAULT_ADDRESS = "http://169.254.169.254"
TOKEN_SECONDS = 21_600  # the longest IMDS gives
RENEW_SECONDS = 3_600  # well before it ends
TIMEOUT = 2.0  # seconds for one answer
ATTEMPTS = 5
PAUSE = 0.5  # seconds before the second attempt, doubled for each after it
LONGEST = 65_536  # bytes of an answer; user data is at most 16 KiB
_AWAY = (OSError, http.client.HTTPException)


class ImdsAway(Exception):
    """The metadata service does not answer, or not as it should."""


class Imds:
    """A client. Answers are text; ``None`` where the service knows nothing (404)."""

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        sleep: Callable[[float], None] = time.sleep,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address.rstrip("/")
        self._sleep, self._ticks = sleep, ticks
        # Never through a proxy that the environment names: what is said here is this instance's alone.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._token = ""
        self._renew_at = float("-inf")

    def get(self, path: str) -> str | None:
        """What is at ``/latest/<path>``. Raises ``ImdsAway`` after ``ATTEMPTS``."""
        why = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(PAUSE * 2 ** (attempt - 1))
            try:
                return self._asked(path)
            except urllib.error.HTTPError as error:
                why = f"{error.code} {error.reason}"
                if error.code == 401:
                    self._renew_at = float("-inf")
            except _AWAY as error:
                why = type(error).__name__
        raise ImdsAway(f"the instance metadata service did not give {path}: {why}")

    def user_data(self) -> str:
        """Raises ``ImdsAway``; empty when the instance was started without any."""
        return self.get("user-data") or ""

    def instance_id(self) -> str:
        return self._needed("meta-data/instance-id")

    def availability_zone(self) -> str:
        return self._needed("meta-data/placement/availability-zone")

    def region(self) -> str:
        return self._needed("meta-data/placement/region")

    def private_address(self) -> str:
        """Its first IPv4 address inside the network; the load balancer's checks name it as their host."""
        return self._needed("meta-data/local-ipv4")

    def target_lifecycle_state(self) -> str:
        """What the auto-scaling group wants: InService, Terminated, …; empty outside of a group."""
        return (self.get("meta-data/autoscaling/target-lifecycle-state") or "").strip()

    def spot_action(self) -> str:
        """terminate, stop or hibernate once AWS wants the instance back (two minutes ahead), else empty."""
        return str(self._notice("meta-data/spot/instance-action").get("action", ""))

    def rebalance_recommended(self) -> bool:
        """Whether AWS expects to want this spot instance back soon."""
        return bool(self._notice("meta-data/events/recommendations/rebalance"))

    def _needed(self, path: str) -> str:
        answer = (self.get(path) or "").strip()
        if not answer:
            raise ImdsAway(f"the instance metadata service knows no {path}")
        return answer

    def _notice(self, path: str) -> dict[str, Any]:
        """A notice in JSON; empty without one. An unreadable one counts: its being there is the news."""
        answer = self.get(path)
        if answer is None:
            return {}
        try:
            notice = json.loads(answer)
        except ValueError:
            notice = None
        return notice if isinstance(notice, dict) and notice else {"action": "unreadable"}

    def _asked(self, path: str) -> str | None:
        if self._ticks() >= self._renew_at:
            self._take_token()
        headers = {"X-aws-ec2-metadata-token": self._token}
        request = urllib.request.Request(f"{self._address}/latest/{path}", headers=headers)  # noqa: S310
        try:
            return self._read(request)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def _take_token(self) -> None:
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)}
        url = f"{self._address}/latest/api/token"
        request = urllib.request.Request(url, method="PUT", headers=headers)  # noqa: S310
        self._token = self._read(request).strip()
        self._renew_at = self._ticks() + RENEW_SECONDS

    def _read(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=TIMEOUT) as response:
            text: bytes = response.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise http.client.HTTPException("longer than any of its answers")
        return text.decode(errors="replace")
