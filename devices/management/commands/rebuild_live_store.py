"""``manage.py rebuild_live_store``: make the live store equal to MySQL."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices import commands, publishing
from devices.live_store import live_store
from devices.models import Network
from outpost.store.contract import StoreUnavailable

WIDTH = 30


class Command(BaseCommand):
    help = (
        "Write every configuration and waiting command that the live store lacks. "
        "Safe at any time and as often as you like; what is equal already is left alone."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            life = live_store().rebuild_due()
            written, delivered = self._publish(), sum(commands.deliver_all())
            if life:
                live_store().mark_rebuilt(life)
        except StoreUnavailable as error:
            raise CommandError(f"The live store does not answer ({error}); nothing was lost, run this again.")
        self.stdout.write(f"Written: {written} configurations, {delivered} commands.")

    def _publish(self) -> int:
        networks = list(Network.objects.order_by("pk").values_list("pk", flat=True))
        written = 0
        for number, network in enumerate(networks, start=1):
            written += sum(publishing.publish_network(network))
            self._progress(number, len(networks))
        return written

    def _progress(self, done: int, of: int) -> None:
        """A bar where somebody watches; a log file gets the sum alone."""
        if self.stderr.isatty():
            filled = WIDTH * done // of
            self.stderr.write(f"\r[{'#' * filled:<{WIDTH}}] {done} of {of} networks", ending="")
            self.stderr.write("" if done < of else "\n", ending="")
