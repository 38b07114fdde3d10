"""The formula by hand where a hand can follow, and the page that shows its figures."""

import dataclasses
import re

import pytest

from tests.architecture.source import PROJECT
from tests.load import costs
from tests.load.costs import DESIGNS, PRICES, Load, Month, Sizing, instances, units

HERE = PRICES["us-east-1"]
PAGE = PROJECT / "docs" / "costs.md"


def test_polling_by_hand() -> None:
    """1,000 access points, each minute of 730 hours: 43.8 million requests, each two writes and one read."""
    bill = costs.polling(Load(1_000), HERE)
    assert bill["API Gateway, requests"] == pytest.approx(43.8)
    assert bill["DynamoDB"] == pytest.approx(43.8 * (2 * 0.625 + 0.125))
    assert bill["Lambda"] == pytest.approx(43.8 * 0.20 + 43.8e6 * 0.02 * 0.125 * 0.0000133334)


def test_the_first_millions_are_dearer() -> None:
    """10,000: 438 million requests, of which 300 at a dollar and 138 at 90 cents."""
    assert costs.polling(Load(10_000), HERE)["API Gateway, requests"] == pytest.approx(300 + 138 * 0.9)


def test_a_gateways_socket_by_hand() -> None:
    """43.8 million connection minutes and as many states; 395 connects each, 20 pushes with their answers."""
    bill = costs.gateway_socket(Load(1_000), HERE)
    assert bill["API Gateway, connection minutes"] == pytest.approx(43.8 * 0.25)
    assert bill["API Gateway, messages"] == pytest.approx(43.8 + 0.395 + 0.04)


def test_outposts_by_hand() -> None:
    """100,000: seven by 15,000 connections each; a pair of Redis at 6 kB each, 60 % full."""
    load = Load(100_000)
    assert instances(load, Sizing()) == 7
    bill = costs.outposts(load, HERE)
    assert bill["EC2, 7 × t4g.small"] == pytest.approx(7 * 730 * 0.0168)
    assert bill["Redis, two"] == pytest.approx(2 * 730 * 0.032)
    assert instances(Load(10), Sizing()) == 3


def test_messages_are_metered_in_pieces() -> None:
    assert [units(size, 32 * 1024) for size in (0, 1, 32_768, 32_769)] == [1, 1, 1, 2]
    packed, plain = (costs.gateway_socket(Load(1_000, state_bytes=size), HERE) for size in (32_000, 33_000))
    assert plain["API Gateway, messages"] > 1.9 * packed["API Gateway, messages"]


@pytest.mark.parametrize("design", DESIGNS)
def test_more_of_anything_never_costs_less(design: str) -> None:
    small = Month(Load(5_000), HERE).total(design)
    for more in ({"access_points": 6_000}, {"pushes": 50}, {"state_bytes": 6_000}, {"reconnects": 60}):
        assert Month(dataclasses.replace(Load(5_000), **more), HERE).total(design) >= small


def test_where_designs_cross() -> None:
    for design in ("polling, HTTP API", "WebSocket, API Gateway"):
        least = costs.crossing(design)
        before, after = (Month(Load(size), PRICES["eu-central-1"]) for size in (least - 1, least))
        assert after.total("our own outposts") < after.total(design)
        assert before.total("our own outposts") >= before.total(design)


def test_the_page_shows_what_the_formula_says() -> None:
    text = PAGE.read_text()
    assert costs.table("eu-central-1") in text
    assert costs.table("us-east-1") in text
    assert costs.bills(10_000) in text
    for design in ("polling, HTTP API", "WebSocket, API Gateway"):
        assert f"{costs.crossing(design):,}" in text


def test_every_price_is_on_the_page() -> None:
    text = PAGE.read_text()
    names = {entry.name for entry in dataclasses.fields(costs.Prices)} - {"region"}
    assert names == set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_a_wrong_word_is_refused() -> None:
    assert costs.main(["many"]) == 2


def test_the_group_may_grow_to_what_the_table_says() -> None:
    """The formula's instances are those of terraform/environments/production/outpost.tfvars."""
    written = _production("outpost")
    assert int(re.findall(r"connections_per_instance\s*=\s*(\d+)", written)[0]) == Sizing().connections
    assert Sizing().least == int(re.findall(r"min = (\d+)", written)[0])


def test_the_monolith_is_productions_at_rest() -> None:
    least = sum(int(found) for found in re.findall(r"size\s*= \{ min = (\d+)", _production("app")))
    types = set(re.findall(r'instance_type\s*= "([^"]+)"', _production("app")))
    assert (f"EC2, {least} × t4g.small" in costs.fixed(HERE), types) == (True, {"t4g.small"})
    assert ("NAT, three" in costs.fixed(HERE), "nat_gateways = 3" in _production("network")) == (True, True)
    assert re.search(r"least = 1,", _production("data"))


def test_the_page_shows_what_the_monolith_costs() -> None:
    bill, text = costs.fixed(PRICES["eu-central-1"]), PAGE.read_text()
    rows = [f"| {what} | {cost:,.0f} |" for what, cost in bill.items()]
    rows.append(f"| **together** | **{sum(bill.values()):,.0f}** |")
    assert "\n".join(rows) in text


def _production(state: str) -> str:
    return (PROJECT / "terraform" / "environments" / "production" / f"{state}.tfvars").read_text()
