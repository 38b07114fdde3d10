"""Several at once, as several processes would be."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def together(*acts: Callable[[], None]) -> None:
    """Each in a thread and on a connection of its own; what any of them raises is raised here."""

    def run(act: Callable[[], None]) -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        for done in [threads.submit(run, act) for act in acts]:
            done.result()
