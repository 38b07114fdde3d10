"""MySQL over TLS alone: whoever shows another authority's certificate is not spoken to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError

from console.databases import configure
from console.mysql.base import DatabaseWrapper
from devices.backups.clients import dumping
from tests.outpost.certificates import Authority
from tests.servers import MariaDB, temporary_directory

pytestmark = pytest.mark.django_db


class Encrypted(MariaDB):
    """Takes nobody in who comes without TLS, as production's does (require_secure_transport)."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.authority = Authority(self.directory / "authority")
        certificate, key = self.authority.issue(["127.0.0.1"], stem="server")
        if self.popen_arguments:
            shutil.chown(key, self.popen_arguments["user"])
        self.replication = (f"--ssl-cert={certificate}", f"--ssl-key={key}", "--require-secure-transport=ON")


@pytest.fixture(scope="module")
def server() -> Iterator[Encrypted]:
    with temporary_directory() as directory:
        running = Encrypted(directory)
        try:
            yield running.start()
        finally:
            running.kill()


def _connected(server: Encrypted, authority: Path | str) -> DatabaseWrapper:
    defaults = DatabaseWrapper({}, "default").settings_dict
    settings = configure(server.url, "", authority=str(authority))["default"]
    base = {"TIME_ZONE": None, "AUTOCOMMIT": True, "ATOMIC_REQUESTS": False}
    return DatabaseWrapper(base | defaults | settings, "default")


def test_with_its_authority_everything_is_encrypted(server: Encrypted) -> None:
    wrapper = _connected(server, server.authority.file)
    with wrapper.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        assert cursor.fetchone()[1]
    wrapper.close()


def test_without_one_it_lets_nobody_in(server: Encrypted) -> None:
    with pytest.raises(OperationalError):
        _connected(server, "").ensure_connection()


def test_a_server_of_another_authority_is_not_believed(server: Encrypted, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger", "Somebody else")
    with pytest.raises(OperationalError, match="TLS"):
        _connected(server, stranger.file).ensure_connection()


def test_a_dump_goes_the_same_way(server: Encrypted) -> None:
    with dumping(_connected(server, server.authority.file).settings_dict) as process:
        assert b"dump" in process.stdout.read(2000)
        process.stdout.read()
