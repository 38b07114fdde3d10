"""MariaDB's and MySQL's own programs: one writes the dump, the other reads it back."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from devices.backups.errors import BackupError, BackupIncomplete, BackupRefused

Settings = dict[str, Any]  # one of settings.DATABASES
_ALWAYS = [
    *("--single-transaction", "--quick", "--hex-blob", "--skip-lock-tables", "--skip-triggers"),
    *("--default-character-set=utf8mb4", "--net-buffer-length=1M", "--max-allowed-packet=1G"),
    "--no-tablespaces",  # asking MySQL for them needs a right we do not have
]
# What MySQL's own program would otherwise add, and MariaDB does not read.
_MYSQL = ["--set-gtid-purged=OFF", "--column-statistics=0"]
_LOAD = [
    *("--default-character-set=utf8mb4", "--max-allowed-packet=1G", "--batch"),
    "--binary-mode",  # nothing in the dump is a command to the program itself
    "--loose-skip-print-query-on-error",  # a statement of the dump is somebody's data
]
# What a program is told of our surroundings: none of our secrets.
_SURROUNDINGS = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")
GRACE = 10.0  # seconds a program has to end after it has closed its pipe
TAIL = 100_000  # bytes of what it said that are looked through
_ERROR = re.compile(r"^(?:error|mariadb|mysql).*$", re.MULTILINE | re.IGNORECASE)


def require_mysql(database: Settings) -> None:
    """Raises ``BackupRefused`` in words for the demo's database."""
    if database["ENGINE"].rpartition(".")[2] != "mysql":
        raise BackupRefused(
            "Backups are for MySQL and MariaDB. This Aerie runs on SQLite, which is for the demo alone: "
            "copy its file while nothing runs."
        )


@contextmanager
def dumping(database: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """The dump's program at work; its ``stdout`` is the dump. Raises ``BackupError`` when it failed."""
    program = _installed("mariadb-dump", "mysqldump")
    flavour = [] if _is_mariadb(program) else _MYSQL
    with _running(program, database, [*_ALWAYS, *flavour], stdout=subprocess.PIPE) as process:
        try:
            yield process
        except BackupIncomplete:  # it has closed its end, and knows better than we do what happened
            if not process.wait():
                raise


@contextmanager
def loading(database: Settings) -> Iterator[IO[bytes]]:
    """A file to write SQL into. Raises ``BackupError`` when the server did not take it."""
    with _running(loader(), database, _LOAD, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            yield process.stdin
            process.stdin.close()
        except BrokenPipeError:
            # Somebody's pipe: its own, when it has ended. Another's end must not be waited for.
            if not _ended(process):
                raise


def loader() -> str:
    """The program that reads a dump back. Raises ``BackupRefused`` when it is not installed."""
    return _installed("mariadb", "mysql")


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    """With an error, by itself."""
    try:
        return process.wait(GRACE) != 0
    except subprocess.TimeoutExpired:
        return False


@contextmanager
def _running(
    program: str, database: Settings, options: Sequence[str], **streams: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    with tempfile.TemporaryFile() as said, _option_file(database, program) as (path, descriptor):
        process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - the server's own program, no shell
            [program, f"--defaults-file={path}", *options, database["NAME"]],
            stderr=said,
            pass_fds=[descriptor],
            env=_surroundings(),
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL} | streams,
        )
        try:
            yield process
            code = process.wait()
        finally:
            _end(process)
        if code:
            raise BackupError(f"{os.path.basename(program)} failed: {_words(said)}")


def _surroundings() -> dict[str, str]:
    return {name: os.environ[name] for name in _SURROUNDINGS if name in os.environ}


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
    """Its complaints alone: older ones repeat the statement before them."""
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - TAIL))
    lines = _ERROR.findall(said.read().decode(errors="replace"))
    return "; ".join(line[:500] for line in lines[-3:]) or "it did not say why"


@contextmanager
def _option_file(database: Settings, program: str) -> Iterator[tuple[str, int]]:
    """Who we are, in memory only: a command line is for everybody to see, and a file outlives a kill."""
    descriptor = os.memfd_create("client")
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, _options(database, _is_mariadb(program)).encode())
        yield f"/proc/self/fd/{descriptor}", descriptor
    finally:
        os.close(descriptor)


def _options(database: Settings, mariadb: bool) -> str:
    told = {"user": database["USER"], "password": database["PASSWORD"]}
    if str(database["HOST"]).startswith("/"):
        told["socket"] = database["HOST"]
    else:
        told |= {"host": database["HOST"] or "localhost", "port": database["PORT"] or 3306, "protocol": "tcp"}
    told |= _encryption(database.get("OPTIONS", {}), mariadb)
    return "[client]\n" + "".join(f"{name}={_quoted(value)}\n" for name, value in told.items() if value != "")


def _encryption(options: Settings, mariadb: bool) -> dict[str, Any]:
    """What Django is told of TLS, so that a dump does not travel more openly than everything else."""
    files = options.get("ssl")
    files = files if isinstance(files, dict) else {}
    told: dict[str, Any] = {f"ssl-{name}": files[name] for name in ("ca", "cert", "key") if name in files}
    mode = str(options.get("ssl_mode", "")).upper()
    if not mode or not mariadb:
        return told | {"ssl-mode": mode}
    return told | {"ssl": int(mode != "DISABLED"), "ssl-verify-server-cert": int(mode.startswith("VERIFY"))}


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
    told = subprocess.run(  # noqa: S603 - as above
        [program, "--version"], capture_output=True, check=False, env=_surroundings()
    )
    return b"MariaDB" in told.stdout
