"""How the progress of a change is shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.models import Network, Revision
from devices.progress import Progress, progress

# While a change is young the page asks every second; one that hangs is looked at more calmly.
YOUNG = timedelta(minutes=3)


@dataclass(frozen=True)
class ShownProgress:
    revision: Revision
    progress: Progress
    now: datetime

    @property
    def every(self) -> str:
        """How often the page asks again, as htmx writes it; empty when nothing more will happen."""
        if self.progress.finished:
            return ""
        return "1s" if self.now - self.revision.created_at < YOUNG else "10s"

    @property
    def tone(self) -> str:
        if not self.progress.finished:
            return "busy"
        if self.progress.rejected:
            return "bad"
        return "wait" if self.progress.offline else "good"

    @property
    def icon(self) -> str:
        icons = {"busy": "arrow-repeat", "bad": "exclamation-octagon-fill", "wait": "clock-fill"}
        return icons.get(self.tone, "check-circle-fill")


def shown_progress(network: Network, now: datetime) -> ShownProgress:
    """Two statements."""
    latest = network.revisions.select_related("author").defer("intent").get(number=network.revision_number)
    return ShownProgress(latest, progress(network, now), now)
