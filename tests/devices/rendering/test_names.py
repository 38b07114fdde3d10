"""Host names and one-line names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rendering.names import has_unwritten, hostname, plain


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Lobby", "lobby"),
        ("Café Müller – 2", "cafe-muller-2"),
        ("  --  ", "ap-903cb3aabb01"),
        ("日本", "ap-903cb3aabb01"),
        ("12", "ap-12"),
        ("x" * 80, "x" * 63),
        ("x" * 62 + " y", "x" * 62),
    ],
)
def test_host_names(name, expected):
    assert hostname(name, "903cb3aabb01") == expected


@given(st.text(), st.text())
def test_every_host_name_is_one_label(name, serial):
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", hostname(name, serial))


@given(st.text(st.characters(codec=None)))
def test_plain_text_can_be_written_and_encoded(text):
    assert not has_unwritten(plain(text))
    assert plain(plain(text)) == plain(text)
    plain(text).encode()
