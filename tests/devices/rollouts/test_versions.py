"""Versions as access points report them: whole words, and numbers in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rollouts.versions import is_older, parse, runs

REPORTED = "OpenWrt 21.02-SNAPSHOT r16399+120-c67509efd7 / TIP-v2.7.0-b9a7b1f8"
LATER = "OpenWrt 25.12 / TIP-v4.2.0-rc1-1a2b3c4d"

# Oldest first; those of one row are equal.
IN_ORDER = [
    ["OpenWrt 21.02-SNAPSHOT r16399 / TIP-v2.6.2-9c2a8b1f", "2.6.2", "v2.6.2"],
    ["TIP-v2.7.0-rc1-b9a7b1f8", "v2.7.0-rc1", "2.7-rc1", "v2.7.0_RC1"],
    ["TIP-v2.7.0-rc2", "2.7.0rc2"],
    ["TIP-v2.7.0-rc10", "20230201-edgecore_eap101-v2.7.0-rc10-1234abc-upgrade"],
    [REPORTED, "TIP-v2.7.0-b9a7b1f8", "TIP-v2.7.0", "2.7", "v2.7.0.0"],
    ["2.7.1", "OpenWrt 19.07.10 / TIP-v2.7.1"],
    ["2.10.0", "20240101-cig_wf196-v2.10.0-e1f2a3b-upgrade"],
    ["TIP-v3.0.0-rc2"],
    ["TIP-v3.0.0"],
    [LATER],
]
UNKNOWN = ["", "devel", "TIP-devel-fe3ca4ae", "OpenWrt 21.02-SNAPSHOT r16399 / TIP-devel-fe3ca4ae", "v2", "…"]

numbers = st.lists(st.integers(0, 999_999_999), min_size=2, max_size=5)
candidates = st.none() | st.integers(0, 999_999_999)
texts = st.text(max_size=60) | st.text("v0123456789.-rc /", max_size=40)


@st.composite
def versions(draw: st.DrawFn) -> str:
    dotted, candidate = ".".join(map(str, draw(numbers))), draw(candidates)
    sentence = draw(st.sampled_from(["{}", "TIP-v{}", "OpenWrt 21.02 r1 / TIP-v{}", "2026-ap-v{}.bin"]))
    return sentence.format(dotted + (f"-rc{candidate}" if candidate is not None else ""))


@pytest.mark.parametrize(
    "version", [REPORTED, "TIP-v2.7.0-b9a7b1f8", "tip-V2.7.0-B9A7B1F8", " TIP-v2.7.0-b9a7b1f8\n"]
)
def test_it_runs_what_it_reports_or_a_word_of_it(version):
    assert runs(REPORTED, version)


@pytest.mark.parametrize("version", ["", " ", "TIP-v2.7.0", "2.7.0", "v2.7", "TIP-v2.7.0-b9a7b1f80", LATER])
def test_a_part_of_a_word_is_something_else(version):
    assert not runs(REPORTED, version)


def test_who_reports_nothing_runs_nothing():
    assert not runs("", "TIP-v2.7.0")


@given(texts, texts, texts)
def test_a_sentence_with_the_words_in_their_order_runs_them(before, version, after):
    assert runs(f"{before} {version} {after}", version) is bool(version.split())


@pytest.mark.parametrize("older", range(len(IN_ORDER)))
def test_real_versions_are_in_order(older):
    for than in range(len(IN_ORDER)):
        for one in IN_ORDER[older]:
            assert {is_older(one, other) for other in IN_ORDER[than]} == {older < than}, (one, IN_ORDER[than])


@pytest.mark.parametrize("text", UNKNOWN)
def test_without_a_number_there_is_no_comparing(text):
    assert parse(text) is None
    assert is_older(text, REPORTED) is None
    assert is_older(REPORTED, text) is None


@given(texts)
def test_garbage_is_read_or_not_but_never_crashed_on(text):
    assert is_older(text, text) in (None, False)
    assert (parse(text) is None) is (is_older(text, "1.0") is None)


@given(versions(), versions(), versions())
def test_they_are_in_one_order(one, two, three):
    assert not (is_older(one, two) and is_older(two, one))
    assert not (is_older(one, two) and is_older(two, three)) or is_older(one, three)
    assert (parse(one) == parse(two)) is (not is_older(one, two) and not is_older(two, one))


@given(numbers, st.integers(0, 999_999_998))
def test_a_candidate_comes_before_its_release_and_after_those_before_it(parts, candidate):
    release = "v" + ".".join(map(str, parts))
    assert is_older(f"{release}-rc{candidate}", release)
    assert is_older(f"{release}-rc{candidate}", f"{release}-rc{candidate + 1}")
    assert is_older(release, f"{release}.1-rc1")


@given(versions())
def test_zeros_at_the_end_change_nothing(version):
    assert parse(f"{version} / v1.2.0.0") == parse("1.2")
