"""An upgrade command reaches the live store once, whatever is killed, lost or rebuilt."""

import time

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from devices.commands import deliver_all
from devices.models import Command, FirmwareImage
from devices.upgrading import steering
from devices.upgrading.delivering import deliver
from outpost.store.contract import PendingCommand
from tests.devices.door import FIRMWARE, Door
from tests.devices.upgrading.night import OPEN, Night, crowd, image

pytestmark = pytest.mark.django_db


@pytest.fixture
def claimed(night: Night) -> Night:
    crowd(night.world.harbour, 1)
    night.start()
    night.look(OPEN)
    return night


def ids(night: Night) -> list[int]:
    return list(Command.objects.filter(kind="upgrade").values_list("pk", flat=True))


def taken(night: Night, door: Door) -> list[PendingCommand]:
    return list(door.store.take_commands(night.targets()[0].serial, 10, time.time()))


def test_it_says_where_the_image_is(claimed: Night, door: Door) -> None:
    assert deliver(ids(claimed)) == 1
    (pending,) = taken(claimed, door)
    assert (pending.method, pending.params["keep_redirector"]) == ("upgrade", True)
    assert "TIP-v4.1.0.bin" in pending.params["uri"]
    assert time.time() < pending.expires_at < time.time() + 121


def test_delivered_again_it_is_sent_once_even_by_a_store_that_forgot(claimed: Night, door: Door) -> None:
    deliver(ids(claimed))
    assert len(taken(claimed, door)) == 1
    with redis.Redis.from_url(settings.LIVE_STORE_URL) as server:
        server.flushdb()
    assert deliver(ids(claimed)) == 0
    assert sum(deliver_all()) == 0
    assert taken(claimed, door) == []


def test_one_that_runs_it_already_gets_nothing_though_no_fact_has_said_so(night: Night, door: Door) -> None:
    (one,) = crowd(night.world.harbour, 1)
    night.start(image=image(night.world, FIRMWARE.split()[-1]))
    door.connect(one.serial)
    night.look(OPEN)
    assert (night.commands(), deliver(ids(night))) == (1, 0)
    assert taken(night, door) == []


def test_nothing_is_sent_of_an_image_withdrawn_meanwhile(claimed: Night, door: Door) -> None:
    FirmwareImage.objects.update(withdrawn_at=timezone.now())
    assert deliver(ids(claimed)) == 0


def test_nothing_is_sent_for_a_rollout_paused_meanwhile(claimed: Night, door: Door) -> None:
    steering.pause(claimed.world.ada, claimed.rollout)
    assert deliver(ids(claimed)) == 0
    assert taken(claimed, door) == []
