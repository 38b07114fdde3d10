"""What the cloud wants of one live access point: its configuration and its commands, and their answers.

One configuration and one command at a time; what has to wait is asked for again afterwards.
"""

from typing import Any, Final

from outpost.protocol import messages
from outpost.protocol.actions import Action, Append, Compare, Count, Fetch, Outcome, Send, TakeCommand
from outpost.protocol.exchange import Exchange, Exchanges
from outpost.protocol.messages import Result
from outpost.protocol.versions import Versions
from outpost.store.contract import DesiredVersion, PendingCommand

CONFIGURE_SECONDS: Final = 120.0  # for the answer; usually 0.3-0.8


class Orders:
    """The state of it. Methods return what is to be done, in order."""

    __slots__ = (
        "_again",
        "_commands",
        "_recounted",
        "_taking",
        "compress",
        "exchanges",
        "last_answer",
        "serial",
        "versions",
    )

    def __init__(self, serial: str, *, reported: int, compress: bool, first_id: int) -> None:
        self.serial = serial
        self.compress = compress  # whether compressed frames are understood
        self.versions = Versions(reported)
        self.exchanges = Exchanges(first_id)
        self.last_answer: Append | None = None  # how the last configuration went, should the store lose it
        self._commands = 0  # waiting in the store, as far as we know
        self._recounted = False  # while one was being taken: nobody knows whether it was counted
        self._taking = False
        self._again = False

    def consider(self, version: DesiredVersion) -> list[Action]:
        """Push before commands, each if its turn has come."""
        self._commands, self._recounted = version.commands, self._taking
        if self.exchanges.configuration:
            self._again = True
            return self._next_command()
        push: list[Action] = [Fetch()] if self.versions.wants(version.uuid) else []
        return [*push, *self._next_command()]

    def push(self, uuid: int, document: bytes, now: float) -> list[Action]:
        """Send this configuration (JSON without uuid) if that is still right."""
        if self.exchanges.configuration:
            self._again = True  # two saves in quick succession: fetched before the first one was sent
            return []
        if not self.versions.wants(uuid):
            return []
        id = self.exchanges.next_id()
        try:
            frame = messages.configure(id, self.serial, uuid, document, compress=self.compress)
        except (messages.FrameTooLarge, ValueError) as error:
            return [self.unsendable(uuid, str(error), now)]
        self.versions.pushed(uuid)
        self.exchanges.sent(uuid, configures=True, now=now, timeout=CONFIGURE_SECONDS)
        return [Send(frame), Append("pushed", now, {"uuid": uuid})]

    def unsendable(self, uuid: int, why: str, now: float) -> Append:
        """A configuration that cannot be sent is as good as refused, in our own words."""
        self.versions.use_up(uuid)
        return self._refused(uuid, why, [], now)

    def run(self, commands: list[PendingCommand], now: float) -> list[Action]:
        """Commands just taken from the store, where they are no more: send them, or say why not."""
        if not self._recounted:
            self._commands = max(0, self._commands - len(commands)) if commands else 0
        self._taking = self._recounted = False
        sent = [action for one in commands for action in self._run(one, now)]
        return [*sent, *self._next_command()]

    def pause(self) -> None:
        """The store lost what it knew of commands; ``consider`` will say anew."""
        self._commands, self._taking, self._recounted = 0, False, False

    def forget(self) -> None:
        """Nobody claims it any more: a next owner neither waits for what was sent nor hears of it."""
        self.pause()
        self.exchanges.forget()
        self._again, self.last_answer = False, None

    def _run(self, one: PendingCommand, now: float) -> list[Action]:
        if now >= one.expires_at:
            return [Outcome("command", "expired", 0.0)]
        id = self.exchanges.next_id()
        try:
            frame = messages.command(id, one.method, self.serial, one.params, compress=self.compress)
        except messages.FrameTooLarge as error:
            failed = {"command": one.id, "text": str(error), "result": None}
            return [Append("command_failed", now, failed), Outcome("command", "failed", 0.0)]
        self.exchanges.sent(one.id, configures=False, now=now, timeout=one.timeout)
        sent = Append("command_sent", now, {"command": one.id})
        return [Send(frame), sent, Outcome("command", "sent", 0.0)]

    def answered(self, result: Result, now: float) -> list[Action]:
        """An answer, maybe late or the second one, maybe to nothing we sent."""
        exchange = self.exchanges.answered(result.id)
        if exchange is None:
            return [Count("unknown_result")]
        if exchange.configures:
            return [*self._configured(exchange, result, now), *self._after()]
        return [*self._command_answered(exchange, result, now), *self._after()]

    def reapplied(self, uuid: int, result: Result, now: float) -> list[Action]:
        """Unsolicited after boot: how its stored configuration went. Only trouble is worth keeping."""
        if result.error == 0 and not result.rejected:
            return []
        if result.error in (0, 1):
            return [Append("applied", now, {"uuid": uuid, "rejected": result.rejected})]
        return [self._refused(uuid, result.text, result.rejected, now)]

    def overdue(self, now: float) -> list[Action]:
        """Give up what was not answered in time."""
        return [action for one in self.exchanges.expired(now) for action in self._unanswered(one, now)]

    def _configured(self, exchange: Exchange, result: Result, now: float) -> list[Action]:
        verdict = self.versions.judge(exchange.key, result)
        if verdict == "applied":
            fact = Append("applied", now, {"uuid": exchange.key, "rejected": result.rejected})
        else:
            stale = verdict == "stale"
            fact = self._refused(exchange.key, result.text, result.rejected, now, stale=stale)
        self.last_answer = fact
        return [fact, Outcome("configure", verdict, now - exchange.sent_at)]

    def _refused(
        self, uuid: int, text: str, rejected: list[str], now: float, *, stale: bool = False
    ) -> Append:
        """``stale``: the access point holds a higher number; only a new one above ``reported`` can help."""
        reported = self.versions.reported
        data = {"uuid": uuid, "text": text, "rejected": rejected, "reported": reported, "stale": stale}
        return Append("refused", now, data)

    def _command_answered(self, exchange: Exchange, result: Result, now: float) -> list[Action]:
        data: dict[str, Any] = {"command": exchange.key, "result": result.status}
        seconds = now - exchange.sent_at
        if result.error == 0:
            return [Append("command_done", now, data), Outcome("command", "done", seconds)]
        data["text"] = result.text
        return [Append("command_failed", now, data), Outcome("command", "failed", seconds)]

    def _unanswered(self, exchange: Exchange, now: float) -> list[Action]:
        """A configuration is tried again by comparing; a command was its one try."""
        seconds = now - exchange.sent_at
        if exchange.configures:
            self._again = False
            return [Outcome("configure", "unanswered", seconds), Compare()]
        data = {"command": exchange.key, "text": "", "result": None, "unanswered": True}
        failed = Append("command_failed", now, data)
        return [failed, Outcome("command", "unanswered", seconds), *self._next_command()]

    def _after(self) -> list[Action]:
        """Something was answered: take up what had to wait."""
        if self._again and not self.exchanges.configuration:
            self._again = False
            return [Compare()]
        return self._next_command()

    def _next_command(self) -> list[Action]:
        if not self._commands or self._taking or self.exchanges.command:
            return []
        self._taking = True
        return [TakeCommand()]
