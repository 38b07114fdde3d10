"""A wrong environment is refused at the start, in words that name the variable."""

import subprocess
import sys

import pytest


def refusal(**variables: str) -> str:
    """What starting with this environment says."""
    return subprocess.run(
        [sys.executable, "-c", "import console.settings"], env=variables, capture_output=True, text=True
    ).stderr


def test_production_names_everything_that_is_missing() -> None:
    words = refusal(AERIE_ENV="production")
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL", "STORAGE_URL"):
        assert f"{name} is missing" in words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AERIE_ENV", "prod", "it is production, development, demo or test"),
        ("EVENTS_DAYS", "30", "EVENTS_DAYS is at least 62"),
        ("COMMANDS_DAYS", "-1", "COMMANDS_DAYS is at least 8"),
        ("ALERTS_DAYS", "0", "ALERTS_DAYS is at least 1"),
        ("FIELD_ENCRYPTION_KEYS", "short", "FIELD_ENCRYPTION_KEYS: "),
        ("FIRMWARE_PUBLIC_KEYS", "short", "FIRMWARE_PUBLIC_KEYS: "),
        ("STATIC_URL", "https://cdn.example.org/", "STATIC_URL is /static/, or https://"),
        ("DATABASE_REPLICA_URL", "sqlite:///x", "DATABASE_REPLICA_URL is mysql://"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, words: str) -> None:
    assert words in refusal(**{"AERIE_ENV": "test", name: value})
