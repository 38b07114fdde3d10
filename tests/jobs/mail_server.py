"""A real SMTP server of a test's own, that keeps what it was given."""

import time
from email import message_from_bytes
from typing import Any

from aiosmtpd.controller import Controller

from tests.servers import free_port


class Mailbox:
    """What a mail server was given; it refuses recipients named nobody, and puts off those named busy."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.pause = 0.0
        self.refused_sender = ""

    async def handle_MAIL(
        self, _server: Any, _session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.refused_sender or "250 OK"

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("nobody@"):
            return "550 No such mailbox"
        if address.startswith("busy@"):
            return "451 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        time.sleep(self.pause)
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"


class MailServer:
    """On one port, to be stopped and started again."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox, self.port = mailbox, free_port()
        self._running: Controller | None = None

    def start(self) -> None:
        self._running = Controller(self.mailbox, hostname="127.0.0.1", port=self.port, ready_timeout=60)
        self._running.start()

    def stop(self) -> None:
        if self._running:
            self._running.stop()
        self._running = None
