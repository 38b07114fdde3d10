"""What the server's own programs are told."""

from typing import Any

import pytest

from devices.backups import clients

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
