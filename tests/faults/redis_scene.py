"""Customers at work, access points and a mail server, while the Redis of all of it is taken away."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from devices.simulation.thread import FleetThread
from tests.faults.conftest import ACCESS_POINTS, Scene, fleet
from tests.faults.redis_pair import RedisPair
from tests.faults.supervision import Supervised, supervised
from tests.faults.writing import Note, Writers, at_work
from tests.jobs.mail_server import Mailbox, MailServer
from tests.replication import query
from tests.servers import MariaDB, temporary_directory
from tests.stack import Browser, Stack, prepare, wait_for

BACK_WITHIN = 120.0  # seconds from the moment there is a Redis again


@dataclass
class RedisScene:
    """Services are started again when they end, as systemd does."""

    scene: Scene
    redis: RedisPair
    services: dict[str, Supervised]
    mailbox: Mailbox

    def suffer(self, outage: Callable[[], None], measured: Note) -> None:
        """Writes go on before, during and after; whatever was saved meanwhile must come about, once."""
        self.scene.browser.go("/")
        ours = self.scene.browser.links("/networks/\\d+/$")[0]["href"]
        mailed = self._mailed()
        writers = at_work(self.scene.stack.url, spared=ours)
        time.sleep(2)
        passphrase = self.scene.propose()
        self.scene.browser.fill()
        outage()
        measured(self._back(passphrase), "s until all work was done again")
        writers.stop()
        self._judge(writers, mailed, measured)

    def _back(self, passphrase: str) -> float:
        """Seconds until what was saved before is on the air, and so is what is saved now."""
        began = time.monotonic()
        try:
            self.scene.wait_until_on_air(passphrase, BACK_WITHIN)
            after = self.scene.propose()
            self.scene.browser.fill()
            self.scene.wait_until_on_air(after, BACK_WITHIN - (time.monotonic() - began))
        except TimeoutError as error:
            logs = [one.log.read_text()[-3000:] for one in self.services.values()]
            where = (self.scene.browser.url, self.scene.browser.text[:500], self._tasks())
            raise AssertionError(f"not on the air at {where}: " + "\n".join(logs)) from error
        return time.monotonic() - began

    def _judge(self, writers: Writers, mailed: Counter[str], measured: Note) -> None:
        print({name: one.starts for name, one in self.services.items()})
        writers.measure(measured)
        assert writers.failed() == []
        wait_for(lambda: not self._tasks(), BACK_WITHIN, lambda: str(self._tasks()))
        invited = Counter(writers.invitations.done)
        missing = lambda: invited - (self._mailed() - mailed)  # noqa: E731
        wait_for(lambda: not missing(), BACK_WITHIN, lambda: f"no mail to {missing()}")
        assert self._mailed() - mailed == invited  # none twice
        # An organisation has fifty open at most, and the next outage has its own.
        query(self.scene.stack.database, "DELETE FROM accounts_invitation WHERE email LIKE 'guest-%'")

    def _tasks(self) -> tuple[Any, ...]:
        statement = "SELECT `key`, attempts, last_error FROM devices_task LIMIT 5"
        return query(self.scene.stack.database, statement)

    def _mailed(self) -> Counter[str]:
        return Counter(to for (to,), _mail in list(self.mailbox.mails))


@contextmanager
def redis_scene() -> Iterator[RedisScene]:
    mailbox = Mailbox()
    server = MailServer(mailbox)
    with temporary_directory() as directory, RedisPair(directory).running() as pair:
        database = MariaDB(directory)
        mail = f"smtp://127.0.0.1:{server.port}"
        stack = Stack(directory, database, pair, EMAIL_URL=mail)  # type: ignore[arg-type]
        try:
            database.start()
            server.start()
            prepare(stack, ACCESS_POINTS)
            with supervised(stack) as services, FleetThread(fleet(stack)) as access_points:
                yield RedisScene(Scene(stack, Browser(stack.url), access_points), pair, services, mailbox)
        finally:
            server.stop()
            database.kill()
