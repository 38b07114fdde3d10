"""MariaDB's and MySQL's own programs: one writes the dump, the other reads it back."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from devices.backups.errors import BackupError, BackupIncomplete, BackupRefused

Settings = dict[str, Any]  # one of settings.DATABASES
_ALWAYS = ("--single-transaction", "--quick", "--hex-blob", "--skip-lock-tables", "--skip-triggers")
_ALWAYS += ("--default-character-set=utf8mb4", "--net-buffer-length=1M", "--max-allowed-packet=1G")
# What MySQL's own program would otherwise add that needs rights we do not have, or that only MySQL reads.
_MYSQL = ("--no-tablespaces", "--set-gtid-purged=OFF", "--column-statistics=0")


def require_mysql(database: Settings) -> None:
    """Raises ``BackupRefused`` in words for the demo's database."""
    if database["ENGINE"] != "django.db.backends.mysql":
        raise BackupRefused(
            "Backups are for MySQL and MariaDB. This Aerie runs on SQLite, which is for the demo alone: "
            "copy its file while nothing runs."
        )


@contextmanager
def dumping(database: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """The dump's program at work; its ``stdout`` is the dump. Raises ``BackupError`` when it failed."""
    program = _installed("mariadb-dump", "mysqldump")
    flavour = () if _is_mariadb(program) else _MYSQL
    with _running(program, database, [*_ALWAYS, *flavour], stdout=subprocess.PIPE) as process:
        yield process


@contextmanager
def loading(database: Settings) -> Iterator[IO[bytes]]:
    """A file to write SQL into. Raises ``BackupError`` when the server did not take it."""
    program = _installed("mariadb", "mysql")
    options = ["--default-character-set=utf8mb4", "--max-allowed-packet=1G", "--batch"]
    with _running(program, database, options, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        yield process.stdin
        process.stdin.close()


@contextmanager
def _running(
    program: str, database: Settings, options: Sequence[str], **streams: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    with tempfile.TemporaryFile() as said, _option_file(database) as (path, descriptor):
        process = subprocess.Popen(  # noqa: S603 - the server's own program, no shell
            [program, f"--defaults-file={path}", *options, database["NAME"]],
            stderr=said,
            pass_fds=[descriptor],
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL} | streams,
        )
        try:
            yield process
            code = process.wait()
        except (BrokenPipeError, BackupIncomplete):
            code = process.wait()  # it knows better than we do what happened
            if not code:
                raise
        finally:
            _end(process)
        if code:
            raise BackupError(f"{os.path.basename(program)} failed: {_words(said)}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Whatever happened, it does not stay behind."""
    if process.poll() is None:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                continue


def _words(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read(4000).decode(errors="replace").strip() or "it did not say why"


@contextmanager
def _option_file(database: Settings) -> Iterator[tuple[str, int]]:
    """Who we are, in memory only: a command line is for everybody to see, and a file outlives a kill."""
    descriptor = os.memfd_create("client")
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, _options(database).encode())
        yield f"/proc/self/fd/{descriptor}", descriptor
    finally:
        os.close(descriptor)


def _options(database: Settings) -> str:
    told = {"user": database["USER"], "password": database["PASSWORD"]}
    if str(database["HOST"]).startswith("/"):
        told["socket"] = database["HOST"]
    else:
        told |= {"host": database["HOST"] or "localhost", "port": database["PORT"] or 3306, "protocol": "tcp"}
    tls = database.get("OPTIONS", {}).get("ssl") or {}
    told |= {f"ssl-{name}": tls[name] for name in ("ca", "cert", "key") if name in tls}
    return "[client]\n" + "".join(f"{name}={_quoted(value)}\n" for name, value in told.items() if value)


def _quoted(value: object) -> str:
    """As option files read it: in quotes, backslashes doubled. Raises ``BackupRefused`` for newlines."""
    text = str(value)
    if "\n" in text or "\r" in text:
        raise BackupRefused("A newline in the database's user or password cannot be told to its programs.")
    escaped = text.replace("\\", "\\\\")
    return f"'{escaped}'" if '"' in text else f'"{escaped}"'


def _installed(*programs: str) -> str:
    for program in programs:
        if found := shutil.which(program):
            return found
    raise BackupRefused(f"Neither {' nor '.join(programs)} is installed (Debian: mariadb-client).")


def _is_mariadb(program: str) -> bool:
    told = subprocess.run([program, "--version"], capture_output=True, check=False)  # noqa: S603
    return b"MariaDB" in told.stdout
