"""Names that people give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.naming import BadName, plain_name


def test_a_name_is_trimmed_and_kept_on_one_line() -> None:
    assert plain_name("  Café\n Lento\t ", 100) == "Café Lento"


def test_two_spellings_of_one_name_are_the_same() -> None:
    assert plain_name("Cafe\u0301", 100) == plain_name("Café", 100)


@pytest.mark.parametrize(
    "name", ["", "   ", "\u200b", "a\x00b", "a\x1bb", "evil\u202etxt", "\ud800", "x" * 101], ids=ascii
)
def test_a_name_nobody_could_read_is_refused_in_words(name: str) -> None:
    with pytest.raises(BadName) as refused:
        plain_name(name, 100)
    assert refused.value.words.startswith("The name ")


@given(st.text(max_size=200))
def test_whatever_is_accepted_is_one_visible_line(text: str) -> None:
    try:
        name = plain_name(text, 100)
    except BadName:
        return
    assert name == name.strip()
    assert name.isprintable() or all(not c.isspace() or c == " " for c in name)
    assert 0 < len(name) <= 100
    assert plain_name(name, 100) == name
