"""What benchmarks found is printed and put into the page as it was found."""

from datetime import UTC, datetime

import pytest

from tests.load import __main__ as bench
from tests.load import page
from tests.load.findings import Findings, Goal, Spread, Table, compared, number
from tests.load.turns import elapsed, read_clocks

FOUND = Findings("Two bakers.", [Table(("who", "s"), [("Ada", Spread((1.0, 3.0, 2.0)))])])


def test_findings_replace_those_of_the_last_run_and_nothing_else() -> None:
    text = "above\n<!-- bench bread -->\nold\n<!-- end bread -->\nbelow\n"
    table = "Two bakers.\n\n| who | s |\n| --- | ---: |\n| Ada | 2.00 (1.00–3.00) |"
    expected = f"above\n<!-- bench bread -->\ntoday\n\n{table}\n<!-- end bread -->\nbelow\n"
    assert page.insert(text, "bread", "today", FOUND) == expected
    assert page.insert(expected, "bread", "today", FOUND) == expected


def test_a_page_without_place_for_it_is_refused_in_words() -> None:
    with pytest.raises(page.NoMarkers, match="no <!-- bench bread -->"):
        page.insert("<!-- end bread -->", "bread", "today", FOUND)


def test_the_page_has_a_place_for_every_benchmark() -> None:
    text = page.PAGE.read_text()
    assert all(page.insert(text, name, "", FOUND) for name in bench.BENCHMARKS)


def test_the_caption_says_when_where_and_how_busy() -> None:
    told = page.caption(datetime(2026, 1, 2, 3, 4, tzinfo=UTC), 4, 1.26)
    assert told.startswith("*Measured 2026-01-02 03:04 UTC on ")
    assert "GiB, Python 3." in told
    assert told.endswith("; scale 4; load average before: 1.3.*")


@pytest.mark.parametrize(
    ("value", "words"), [(0.844, "0.84"), (5.119, "5.12"), (23.06, "23.1"), (7032.4, "7,032"), (0, "0.00")]
)
def test_figures_have_three_digits(value: float, words: str) -> None:
    assert number(value) == words


def test_each_is_put_beside_the_floor() -> None:
    table = compared({"ours": Spread((6.0,)), "floor": Spread((2.0,))}, "floor", "µs")
    assert [list(map(str, row)) for row in table.rows] == [
        ["ours", "6.00", "3.00×"],
        ["floor", "2.00", "1.00×"],
    ]


def test_a_goal_is_met_up_to_its_limit() -> None:
    assert str(Goal("bread", 3, 2.5, "s")) == "bread: 2.50 s, goal at most 3.00: **met**"
    assert str(Goal("bread", 3, 3.01, "s")).endswith("**not met**")


def test_contestants_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []
    ticks = iter(range(1000))
    contestants = {name: lambda name=name: order.append(name) for name in ("a", "b")}
    timed = read_clocks(contestants, 2, [lambda: float(next(ticks))], rounds=2)
    assert "".join(order) == "ababab"
    assert [str(spread) for spread in timed["a"]] == ["500,000 (500,000–500,000)"]


def test_the_first_clock_times_the_work_and_no_other_clock() -> None:
    ticks = iter(range(1000))
    clocks = [lambda: float(next(ticks))] * 3
    assert elapsed(lambda: None, clocks) == [1, 3, 5]
