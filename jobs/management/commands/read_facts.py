"""``manage.py read_facts``: the process that takes what access points told into MySQL."""

import gc
import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand

from devices.statements import Tally, tallied
from jobs import ingest
from jobs.pulse import Pulse

STEP_SECONDS = 180.0  # reading and recording once, MySQL waiting for a lock included


class Command(BaseCommand):
    help = "Read facts from the live store into MySQL until SIGTERM. As many as are needed may run."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        gc.collect()
        gc.freeze()  # what was imported stays; it need not be looked through again and again
        pulse = Pulse()
        pulse.watch()
        with tallied(Tally("facts")):  # what its slow statements are said to be of
            ingest.read(stopped.is_set, lambda: pulse.expect(STEP_SECONDS))
