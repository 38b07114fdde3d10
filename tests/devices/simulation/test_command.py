"""`manage.py simulate_fleet`: the same program behind Django's door. No database is to be had here."""

import pytest
from django.core.management import CommandError, call_command

from tests.devices.simulation.cloud import Cloud


def test_the_command_plays_without_a_database(cloud: Cloud, capsys):
    call_command("simulate_fleet", "--url", cloud.url, "--count", "2", "--duration", "0.5", "--json")
    assert '"exit_code": 0' in capsys.readouterr().out.splitlines()[-1]


def test_an_alarm_is_its_exit_code():
    with pytest.raises(SystemExit) as ended:
        call_command("simulate_fleet", "--url", "ws://127.0.0.1:1/", "--strict", "--connect-limit", "0.1")
    assert ended.value.code == 3


def test_bad_arguments_are_command_errors():
    with pytest.raises(CommandError, match="--auth key needs --key-file") as refused:
        call_command("simulate_fleet", "--auth", "key")
    assert refused.value.returncode == 2
