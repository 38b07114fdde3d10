"""Every benchmark runs, at a size that takes no time, and measures what it says it does."""

import pytest

from tests.load import codec, live_store, publishing, rendering, rollouts, usage
from tests.load.findings import Findings, Spread


def lines(findings: Findings) -> dict[str, list[object]]:
    """The tables' lines by their first cell."""
    return {str(row[0]): list(row[1:]) for table in findings.tables for row in table.rows}


def test_rendering_is_measured_beside_encoding_the_same() -> None:
    told = lines(rendering.measure(0.001))
    assert told[rendering.FLOOR][1] == "1.00×"
    assert _most(told["document and hash, network rendered for each"]) > _least(told[rendering.FLOOR])


def test_decoding_is_measured_for_short_and_long_plain_and_packed() -> None:
    told = lines(codec.measure(0.001))
    assert [name.split(", ")[1] for name in told] == ["plain", "compress_64"] * 2
    assert [int(name.split()[0].replace(",", "")) // 100 for name in told][::2] == [6, 60]


def test_the_live_store_is_measured_beside_bare_commands() -> None:
    told = lines(live_store.measure(0.002))
    assert _most(told["`seen`"]) > _least(told["floor: SET of the state"])
    assert all(float(str(row[3]).replace(",", "")) > 0 for row in told.values())


@pytest.mark.django_db(transaction=True)
def test_publishing_is_measured_beside_a_statement_each() -> None:
    findings = publishing.measure(0.02)
    told = lines(findings)
    assert told["20: peer: the same bytes, a statement and a round trip each"][0] == "20"
    assert 0 < int(str(told["200: save and publish"][0])) <= 60
    assert "OpenWISP, a figure from elsewhere" in str(findings)


@pytest.mark.django_db(transaction=True)
def test_usage_is_measured_from_the_states_to_the_paper() -> None:
    told = lines(usage.measure(0.002))
    assert len(told) == 5
    assert all(float(str(row[3]).replace(",", "")) >= 0 for row in told.values())


@pytest.mark.django_db(transaction=True)
def test_looks_at_a_rollout_ask_as_much_of_many_as_of_few() -> None:
    told = lines(rollouts.measure(0.03, with_processes=False))
    asked = {name: int(str(row[0])) for name, row in told.items() if ":" in name}
    assert len(asked) == 10
    assert {name.split(": ")[1]: count for name, count in asked.items() if name.startswith("30:")} == {
        name.split(": ")[1]: count for name, count in asked.items() if name.startswith("150:")
    }


def _most(row: list[object]) -> float:
    """Beside ``_least``, as something that happens only once proves nothing on a busy machine."""
    assert isinstance(row[0], Spread)
    return max(row[0].rounds)


def _least(row: list[object]) -> float:
    assert isinstance(row[0], Spread)
    return min(row[0].rounds)
