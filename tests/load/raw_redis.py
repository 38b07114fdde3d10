"""A floor for the live store: commands packed by hiredis, sent as one, answers parsed by hiredis."""

import contextlib
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import hiredis

READ = 65_536  # bytes


class RawRedis:
    """One blocking connection; no pool, no retries, no decoding."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = hiredis.Reader()

    @classmethod
    @contextlib.contextmanager
    def connected(cls, port: int) -> Iterator["RawRedis"]:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield cls(connection)

    def ask(self, commands: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Answers in order, after one round trip. Raises ``hiredis.ReplyError`` for the first error."""
        packed = [hiredis.pack_command(command) for command in commands]
        self._connection.sendall(b"".join(packed))
        answers = [self._answer() for _ in packed]
        for answer in answers:
            if isinstance(answer, hiredis.ReplyError):
                raise answer
        return answers

    def _answer(self) -> Any:
        while (answer := self._reader.gets()) is False:
            self._reader.feed(self._connection.recv(READ))
        return answer

    def cpu(self) -> float:
        """Seconds of CPU the server has used since it started."""
        (told,) = self.ask([("INFO", "cpu")])
        fields = dict(line.split(":") for line in told.decode().split() if ":" in line)
        return float(fields["used_cpu_user"]) + float(fields["used_cpu_sys"])
