"""A replica that stands still: whoever saves sees it at once, whichever of two consoles answers."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from console.routing import COOKIE
from tests.faults.test_balancer_retry import add_console
from tests.faults.writing import Note
from tests.replication import Primary, Replica, query
from tests.servers import DATABASE, Redis, temporary_directory
from tests.stack import FIRST_SERIAL, Browser, Stack, answers, prepare, wait_for

pytestmark = pytest.mark.timeout(400)
SAVES = 6
LAG = 120  # seconds; a replica that stands still is read for so long


@contextmanager
def replicated() -> Iterator[tuple[Stack, Primary, Replica, list[int]]]:
    """Two consoles, and the scheduler with its worker, whose heartbeat says how old the replica is."""
    with temporary_directory() as directory:
        servers = primary, replica, redis = Primary(directory), Replica(directory), Redis(directory)
        address = f"mysql://root@127.0.0.1:{replica.port}/{DATABASE}"
        stack = Stack(
            directory, primary, redis, DATABASE_REPLICA_URL=address, DATABASE_REPLICA_MAX_LAG=str(LAG)
        )
        try:
            for server in servers:
                server.start()
            replica.follow(primary)
            prepare(stack, 3)
            for name in ("critical", "scheduler"):
                stack.restart(name)
            wait_for(lambda: bool(query(replica, "SELECT 1 FROM devices_heartbeat")), 120, stack.last_words)
            stack.restart("console")
            wait_for(lambda: answers(f"{stack.url}/readyz"), 120, stack.last_words)
            yield stack, primary, replica, [stack.port, add_console(stack)]
        finally:
            stack.stop()
            for server in servers:
                server.kill()


def test_authors_see_their_writes_whichever_instance_answers(measured: Note) -> None:
    with replicated() as (stack, primary, replica, ports):
        author, somebody = Browser(stack.url), Browser(stack.url)
        home = author.url.removeprefix(stack.url)
        page, point = author.links("/networks/\\d+/$")[0]["href"], f"{home}access-points/{FIRST_SERIAL}/"
        replica.catch_up(primary)
        replica.sql("STOP SLAVE SQL_THREAD")
        stale = 0
        for count in range(SAVES):
            name = f"Terrace {count}"
            here, there = ports[count % 2], ports[(count + 1) % 2]
            ask(author, here, f"{point}rename/")
            author.fill(name=name)
            stale += name not in ask(author, there, f"{page}access-points.csv")
            forget_writes(somebody)
            assert name not in ask(somebody, there, f"{page}access-points.csv")
        measured(stale, "pages stale to their author", of=SAVES)
        assert stale == 0


def ask(browser: Browser, port: int, path: str) -> str:
    """What this instance shows there."""
    response = browser.open(f"http://127.0.0.1:{port}{path}")
    response.raise_for_status()
    return str(response.text)


def forget_writes(browser: Browser) -> None:
    """As if it had signed in a while ago."""
    for cookie in [one for one in browser.session.cookies if one.name == COOKIE]:
        browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)
