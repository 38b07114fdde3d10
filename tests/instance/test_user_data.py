"""User data: what is right is read, what is wrong is told in words, all of it at once."""

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instance.user_data import ROLES, Assignment, UserDataInvalid, parse

RIGHT = {"roles": ["console"], "environment": "staging", "region": "eu-central-1", "release": "0.2.0"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def _text(**changes: Any) -> str:
    return "#cloud-config\n" + json.dumps({"aerie": RIGHT | changes})


def test_what_is_right_is_read() -> None:
    assert parse(_text(roles=["worker", "utility"])) == Assignment(
        ("worker", "utility"), "staging", "eu-central-1", "0.2.0"
    )
    assert parse(_text(endpoint_url="http://10.0.0.1:5555")).endpoint_url == "http://10.0.0.1:5555"
    assert parse(_text(hold=True)).hold


def test_what_a_newer_terraform_says_does_not_stop_an_older_release() -> None:
    assert parse(_text(colour="green")).unknown == ("colour",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is none"),
        ("#!/bin/sh\nrm", "its first line is not #cloud-config"),
        ("#cloud-config\n{", "is not JSON at line 2"),
        ("#cloud-config\n[]", "it is not an object"),
        ('#cloud-config\n{"aerie": {}}', "roles is missing; environment is missing; region is missing"),
        ('#cloud-config\n{"aerie": {"roles": [], "roles": []}}', "'roles' is there twice"),
        ("#cloud-config\n" + "[" * 5000, "is not JSON"),
        ("#cloud-config\n" + " " * 20_000, "longer than"),
        (_text(roles=["cook"]), "there is no role 'cook'; there are console, worker, utility, outpost"),
        (_text(roles=["console", "console"]), "a role is there twice"),
        (_text(roles="console"), "roles is not a list"),
        (_text(environment="Staging/../x"), "environment is not small letters"),
        (_text(region="europe"), "region is not an AWS region"),
        (_text(release=""), "release is not a version"),
        (_text(endpoint_url="ftp://x"), "endpoint_url is not an address"),
        (_text(endpoint_url="http://u:p@x"), "user data is no place"),
        (_text(endpoint_url="http://x:99999"), "endpoint_url is not an address"),
        (_text(endpoint_url="http://x\nY=1"), "endpoint_url is not an address"),
    ],
)
def test_what_is_wrong_is_told(text: str, words: str) -> None:
    with pytest.raises(UserDataInvalid, match=re.escape(words)):
        parse(text)


@given(
    st.text()
    | st.text().map("#cloud-config\n{}".format)
    | JSON.map(json.dumps).map("#cloud-config\n{}".format)
)
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(UserDataInvalid):
        parse(text)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*RIGHT, "endpoint_url", "x"], JSON)))
def test_no_value_breaks_it(changes: dict[str, Any]) -> None:
    with contextlib.suppress(UserDataInvalid):
        found = parse(_text(**changes))
        assert set(found.roles) <= set(ROLES)
        assert "\n" not in f"{found.environment}{found.region}{found.release}{found.endpoint_url}"
