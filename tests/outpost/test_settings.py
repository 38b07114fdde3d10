"""The environment is read completely or refused completely, every problem by the name of its variable."""

import base64
from pathlib import Path

import pytest

from outpost.settings import Address, SettingsError, parse_address, read_settings

KEY = base64.b64encode(b"k" * 32).decode()
OPEN = {
    "OUTPOST_STORE": "redis://user:hunter22@127.0.0.1:6379/1",
    "OUTPOST_STORE_KEYS": KEY,
    "OUTPOST_LISTEN": "127.0.0.1:15002",
    "OUTPOST_DEVICE_AUTH": "open",
}


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, str]:
    """An environment for certificates, with files that exist."""
    names = {"OUTPOST_TLS_CERT": "cert", "OUTPOST_TLS_KEY": "key", "OUTPOST_CLIENT_CA": "ca"}
    for name in names.values():
        (tmp_path / name).touch()
    files = {variable: str(tmp_path / name) for variable, name in names.items()}
    return OPEN | {"OUTPOST_LISTEN": "", "OUTPOST_DEVICE_AUTH": ""} | files


def problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        read_settings(environment)
    assert all(problem in str(raised.value) for problem in raised.value.problems)
    return raised.value.problems


def test_the_demo_needs_little() -> None:
    settings = read_settings(OPEN)
    assert (settings.device_auth, settings.tls_cert, settings.workers) == ("open", None, 1)
    assert (settings.listen, settings.admin_listen) == (
        Address("127.0.0.1", 15002),
        Address("127.0.0.1", 15003),
    )
    assert settings.store_keys == (b"k" * 32,)


def test_certificates_are_the_default(certificate: dict[str, str], tmp_path: Path) -> None:
    settings = read_settings(certificate | {"OUTPOST_WORKERS": "16", "OUTPOST_LOG_LEVEL": "WARNING"})
    assert (settings.device_auth, settings.client_ca) == ("certificate", tmp_path / "ca")
    assert settings.listen == Address("0.0.0.0", 15002)
    assert (settings.workers, settings.log_level) == (16, "warning")


def test_an_empty_environment_names_all_that_is_missing() -> None:
    found = problems({})
    wanted = ["OUTPOST_STORE", "OUTPOST_STORE_KEYS", "OUTPOST_TLS_CERT", "OUTPOST_TLS_KEY"]
    assert [problem.split()[0] for problem in found] == [*wanted, "OUTPOST_CLIENT_CA"]
    assert all("is not set" in problem for problem in found)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("OUTPOST_LISTEN", "15002", "host:port"),
        ("OUTPOST_LISTEN", "host:70000", "0 to 65535"),
        ("OUTPOST_LISTEN", "::1:15002", "brackets"),
        ("OUTPOST_ADMIN_LISTEN", "x:y", "host:port"),
        ("OUTPOST_WORKERS", "0", "whole number"),
        ("OUTPOST_WORKERS", "two", "whole number"),
        ("OUTPOST_WORKERS", "99999", "whole number"),
        ("OUTPOST_TLS_CERT", "/nowhere", "there is no file /nowhere"),
        ("OUTPOST_DEVICE_AUTH", "password", "certificate, key, open"),
        ("OUTPOST_DRAIN_SECONDS", "-1", "seconds from 0 to 3600"),
        ("OUTPOST_STUCK_SECONDS", "1", "seconds from 2 to 3600"),
        ("OUTPOST_LOG_LEVEL", "loud", "debug, info"),
        ("OUTPOST_STORE", "dynamodb://hunter22", "redis://"),
        ("OUTPOST_STORE_KEYS", "aGVsbG8=", "key 1 has 5 bytes"),
    ],
)
def test_wrong_values_are_named(certificate: dict[str, str], variable: str, value: str, words: str) -> None:
    (problem,) = problems(certificate | {variable: value})
    assert problem.startswith(f"{variable}: ")
    assert words in problem
    assert "hunter22" not in problem


def test_all_problems_are_told_at_once() -> None:
    found = problems(OPEN | {"OUTPOST_WORKERS": "x", "OUTPOST_LOG_LEVEL": "x", "OUTPOST_STORE": ""})
    assert [problem.split()[0].strip(":") for problem in found] == [
        "OUTPOST_STORE",
        "OUTPOST_WORKERS",
        "OUTPOST_LOG_LEVEL",
    ]


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:15002", ":15002", "10.0.0.1:1", "[::]:1", "ap.example.org:1", ""]
)
def test_open_is_refused_where_others_could_reach_it(listen: str) -> None:
    (problem,) = problems(OPEN | {"OUTPOST_LISTEN": listen})
    assert "OUTPOST_ALLOW_OPEN=yes" in problem
    assert problems(OPEN | {"OUTPOST_LISTEN": listen, "OUTPOST_ALLOW_OPEN": "1"})
    assert read_settings(OPEN | {"OUTPOST_LISTEN": listen, "OUTPOST_ALLOW_OPEN": "yes"})


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "127.8.0.1:1", "[::1]:1", "localhost:1"])
def test_open_is_fine_on_loopback(listen: str) -> None:
    assert read_settings(OPEN | {"OUTPOST_LISTEN": listen}).device_auth == "open"


def test_keys_need_secrets_and_tls_beyond_loopback() -> None:
    key = OPEN | {"OUTPOST_DEVICE_AUTH": "key"}
    assert problems(key)[0].startswith("OUTPOST_DEVICE_KEY_SECRETS is not set")
    assert read_settings(key | {"OUTPOST_DEVICE_KEY_SECRETS": KEY}).device_key_secrets == (b"k" * 32,)
    (problem,) = problems(key | {"OUTPOST_DEVICE_KEY_SECRETS": KEY, "OUTPOST_LISTEN": ":1"})
    assert problem.startswith("OUTPOST_TLS_CERT is not set")


def test_a_certificate_needs_its_key(certificate: dict[str, str]) -> None:
    del certificate["OUTPOST_TLS_KEY"]
    found = problems(certificate | {"OUTPOST_DEVICE_AUTH": "open", "OUTPOST_LISTEN": "[::1]:1"})
    assert found == ["OUTPOST_TLS_CERT is set alone: a certificate and its key go together"]


def test_secrets_do_not_show() -> None:
    shown = repr(read_settings(OPEN))
    assert "hunter22" not in shown
    assert "kkkk" not in shown


def test_addresses_read_as_written() -> None:
    assert str(parse_address("[::1]:15002")) == "[::1]:15002"
    assert parse_address(":0") == Address("0.0.0.0", 0)
