"""What the server's own programs are told."""

from io import BytesIO
from typing import Any

import pytest

from devices.backups import clients, creating

SERVER: dict[str, Any] = {"USER": "u", "PASSWORD": "p", "HOST": "h", "PORT": 3306}


@pytest.mark.parametrize(
    ("options", "mariadb", "told"),
    [
        ({}, True, set()),
        ({"ssl": {"ca": "/ca.pem"}}, True, {'ssl-ca="/ca.pem"'}),
        ({"ssl_mode": "REQUIRED"}, False, {'ssl-mode="REQUIRED"'}),
        ({"ssl_mode": "REQUIRED"}, True, {'ssl="1"', 'ssl-verify-server-cert="0"'}),
        ({"ssl_mode": "VERIFY_CA"}, True, {'ssl="1"', 'ssl-verify-server-cert="1"'}),
        ({"ssl_mode": "disabled"}, True, {'ssl="0"', 'ssl-verify-server-cert="0"'}),
    ],
)
def test_a_dump_travels_as_everything_else(options: Any, mariadb: bool, told: set[str]) -> None:
    lines = clients._options(SERVER | {"OPTIONS": options}, mariadb).splitlines()
    assert {line for line in lines if line.startswith("ssl")} == told


def test_no_secret_of_ours_is_in_its_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://u:p@h/n")
    monkeypatch.setenv("MYSQL_PWD", "p")
    assert "PATH" in clients._surroundings()
    assert not {"DATABASE_URL", "MYSQL_PWD", "BACKUP_KEYS", "SECRET_KEY"} & set(clients._surroundings())


def test_a_command_to_mariadbs_own_client_is_left_out() -> None:
    dump = b"/*!999999\\- enable the sandbox mode */\n-- MariaDB dump\n-- Dump completed\n"
    passed = b"".join(creating._dumped(BytesIO(dump), creating._Passing(), lambda dumped: None))
    assert passed == b"-- MariaDB dump\n-- Dump completed\n"
