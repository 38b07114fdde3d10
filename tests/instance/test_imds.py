"""The metadata service as its clients meet it: tokens, absence, outages."""

from collections.abc import Iterator

import pytest

from instance.imds import ATTEMPTS, RENEW_SECONDS, Imds, ImdsAway
from tests.ops.imds import FakeImds


@pytest.fixture
def fake() -> Iterator[FakeImds]:
    with FakeImds("#cloud-config\n{}").serving() as imds:
        yield imds


def _client(fake: FakeImds, ticks: list[float] | None = None) -> Imds:
    now = ticks or [0.0]
    return Imds(fake.url, sleep=lambda seconds: None, ticks=lambda: now[0])


def test_it_tells_who_the_instance_is(fake: FakeImds) -> None:
    imds = _client(fake)
    assert (imds.user_data(), imds.instance_id()) == ("#cloud-config\n{}", fake.instance_id)
    assert (imds.region(), imds.availability_zone()) == ("eu-central-1", "eu-central-1a")
    assert imds.private_address() == "127.0.0.1"
    assert len(fake.tokens) == 1


def test_nothing_is_about_to_happen_where_nothing_is_told(fake: FakeImds) -> None:
    del fake.answers["meta-data/autoscaling/target-lifecycle-state"]
    imds = _client(fake)
    assert (imds.target_lifecycle_state(), imds.spot_action(), imds.rebalance_recommended()) == (
        "",
        "",
        False,
    )


def test_what_is_about_to_happen_is_told(fake: FakeImds) -> None:
    imds = _client(fake)
    fake.scale_in()
    fake.spot_notice("hibernate")
    fake.recommend_rebalance()
    assert imds.target_lifecycle_state() == "Terminated"
    assert (imds.spot_action(), imds.rebalance_recommended()) == ("hibernate", True)


def test_a_notice_nobody_can_read_counts(fake: FakeImds) -> None:
    fake.answers["meta-data/spot/instance-action"] = "{"
    assert _client(fake).spot_action() == "unreadable"


def test_a_token_that_ended_is_replaced(fake: FakeImds) -> None:
    imds = _client(fake)
    imds.region()
    fake.tokens.clear()
    assert imds.region() == "eu-central-1"


def test_a_token_is_renewed_before_it_ends(fake: FakeImds) -> None:
    ticks = [0.0]
    imds = _client(fake, ticks)
    imds.region()
    ticks[0] = RENEW_SECONDS
    imds.region()
    assert len(fake.tokens) == 2


def test_an_outage_is_outlived_and_a_long_one_told(fake: FakeImds) -> None:
    fake.failures = ATTEMPTS - 1
    assert _client(fake).region() == "eu-central-1"
    fake.failures = ATTEMPTS
    with pytest.raises(ImdsAway, match="did not give meta-data/placement/region: 503"):
        _client(fake).region()
    fake.failures = 0


def test_what_every_instance_has_is_insisted_upon(fake: FakeImds) -> None:
    del fake.answers["meta-data/instance-id"]
    with pytest.raises(ImdsAway, match="knows no meta-data/instance-id"):
        _client(fake).instance_id()
