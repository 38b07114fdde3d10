"""Which unit may know what, and that systemd reads back what was written."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance import environment
from instance.environment import MAY_KNOW, MUST_KNOW, PEM_FILES, EnvironmentIncomplete, Sources, render, split
from instance.user_data import Assignment

PROJECT = Path(__file__).resolve().parents[2]
PEM = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"
APP = {name: f"the {name}" for name in environment._NEEDED} | {"BACKUP_KEYS": "b", "METRICS_TOKEN": "m"}
OUTPOST = {"OUTPOST_STORE": "redis://", "OUTPOST_STORE_KEYS": "k"} | dict.fromkeys(PEM_FILES, PEM)
# Set by the units themselves, or for other places than an instance.
NOT_TOLD = {"STATIC_ROOT", "DRAIN_FILE", "OUTPOST_DRAIN_FILE", "OUTPOST_LISTEN", "OUTPOST_ADMIN_LISTEN"}
NOT_TOLD |= {"CONSOLE_LISTEN", "OUTPOST_ALLOW_OPEN", "REHEARSAL_CLOCK", "READY_SECONDS"}
NOT_TOLD |= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_SERVICE_ENDPOINT"}


def _assignment(*roles: str) -> Assignment:
    return Assignment(roles, "staging", "eu-central-1", "0.2.0")


def _sources(**roles: dict[str, str]) -> Sources:
    return Sources({"LOG_LEVEL": "INFO"}, roles, {"app": APP, "outpost": OUTPOST})


def test_each_kind_of_unit_gets_a_file() -> None:
    files = split(_assignment("console", "worker", "utility"), _sources(), {})
    assert list(files) == ["console", "scheduler", "worker", "agent"]
    assert split(_assignment("outpost"), _sources(), {}).keys() == {"outpost", "agent"}


def test_the_outpost_knows_nothing_of_the_console_and_the_reverse() -> None:
    files = split(_assignment("console", "outpost"), _sources(), {})
    assert files["outpost"].keys() & {"DATABASE_URL", "SECRET_KEY", "REDIS_URL", "BACKUP_KEYS"} == set()
    assert files["console"].keys() & {"OUTPOST_STORE", *PEM_FILES} == set()
    assert files["agent"] == {"METRICS_TOKEN": "m"}
    assert all(name not in file for file in files.values() for name in PEM_FILES)


def test_a_role_overrides_what_all_are_told() -> None:
    files = split(_assignment("utility"), _sources(utility={"LOG_LEVEL": "DEBUG"}), {})
    assert files["worker"]["LOG_LEVEL"] == "DEBUG"


def test_roles_of_one_instance_cannot_contradict_each_other() -> None:
    sources = _sources(worker={"LOG_LEVEL": "INFO"}, utility={"LOG_LEVEL": "DEBUG"})
    with pytest.raises(EnvironmentIncomplete, match="LOG_LEVEL differs between the roles"):
        split(_assignment("worker", "utility"), sources, {})


def test_roles_that_share_no_file_may_differ() -> None:
    sources = _sources(console={"SENTRY_ENVIRONMENT": "a"}, outpost={"SENTRY_ENVIRONMENT": "b"})
    files = split(_assignment("console", "outpost"), sources, {})
    assert (files["console"]["SENTRY_ENVIRONMENT"], files["outpost"]["SENTRY_ENVIRONMENT"]) == ("a", "b")


def test_what_is_missing_is_named_and_no_value_is() -> None:
    secret = {name: value for name, value in APP.items() if name not in ("SECRET_KEY", "DATABASE_URL")}
    with pytest.raises(EnvironmentIncomplete) as told:
        split(_assignment("console"), Sources({}, {}, {"app": secret}), {})
    assert "the console needs DATABASE_URL, SECRET_KEY" in told.value.problems
    assert not any(value in str(told.value) for value in secret.values())


def test_names_nobody_knows_are_told() -> None:
    sources = Sources({"SECRET_KYE": "x"}, {}, {"outpost": OUTPOST})
    assert environment.nobody_knows(_assignment("outpost"), sources) == ["SECRET_KYE"]


def test_pem_texts_become_files_however_they_were_pasted() -> None:
    pasted = OUTPOST | {"OUTPOST_TLS_CERT_PEM": PEM.replace("\n", "\\n")}
    files = environment.pem_files(Sources({}, {}, {"outpost": pasted}))
    assert files == {"cert.pem": PEM, "key.pem": PEM, "client-ca.pem": PEM}
    with pytest.raises(EnvironmentIncomplete, match="OUTPOST_TLS_KEY_PEM is not PEM"):
        environment.pem_files(Sources({}, {}, {"outpost": {"OUTPOST_TLS_KEY_PEM": "oops"}}))


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "\ufdd0", "a\uffff", "\U0010fffe"])
def test_what_no_environment_can_hold_is_refused(value: str) -> None:
    with pytest.raises(EnvironmentIncomplete, match="SECRET_KEY holds what no environment can"):
        split(_assignment("console"), Sources({}, {}, {"app": APP | {"SECRET_KEY": value}}), {})


@pytest.mark.parametrize("value", ["30s", "-1", "7201", "nan"])
def test_a_drain_that_lasts_no_number_of_seconds_is_told_at_boot(value: str) -> None:
    sources = _sources(console={"DRAIN_SECONDS": value})
    with pytest.raises(EnvironmentIncomplete, match="DRAIN_SECONDS is not a number of seconds from 0 to"):
        split(_assignment("console"), sources, {})


def test_a_drain_may_last_what_a_role_says() -> None:
    files = split(_assignment("console"), _sources(console={"DRAIN_SECONDS": "45"}), {})
    assert files["agent"]["DRAIN_SECONDS"] == "45"


def test_every_variable_of_ours_has_a_unit_that_may_know_it() -> None:
    """Whoever adds a variable says here, in instance/environment.py, which units may know it."""
    named = set(re.findall(r"^([A-Z_0-9]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    named = {name for name in named if not name.startswith("DEMO_")}
    assert named - NOT_TOLD - frozenset().union(*MAY_KNOW.values()) == set()
    assert all(MUST_KNOW[kind] <= MAY_KNOW[kind] for kind in MAY_KNOW)


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True),
        st.from_regex(environment._FITS, fullmatch=True),
    )
)
def test_systemd_reads_back_what_was_written(variables: dict[str, str]) -> None:
    assert _as_systemd_reads(render(variables)) == variables


def _as_systemd_reads(text: str) -> dict[str, str]:
    """systemd.exec(5): in double quotes, a backslash takes away the meaning of "\\`$ alone."""
    found, rest = {}, text
    while rest:
        name, _, rest = rest.partition('="')
        quoted = re.match(r'((?:[^"\\]|\\.)*)"\n', rest, re.DOTALL)
        assert quoted
        found[name] = re.sub(r'\\(["\\`$])', r"\1", quoted[1])
        rest = rest[quoted.end() :]
    return found
