"""Publishing: what is wanted reaches the live store, once, whole, and above every number heard of."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from devices.claiming import claim
from devices.live_store import live_store
from devices.models import AccessPoint, Configuration, Network, Task
from devices.publishing import forget, publish_access_points, publish_network
from outpost.protocol.messages import MAX_NUMBER
from outpost.store.contract import Desired, StoreUnavailable
from tests.console.air import OnAir
from tests.devices.door import Door
from tests.world import COUNTER, LOBBY, WINDOW, World

pytestmark = pytest.mark.django_db(transaction=True)


def publish(network: Network) -> int:
    return sum(publish_network(network.pk))


def row(serial: str) -> Configuration:
    return Configuration.objects.get(access_point__serial=serial)


def rename(network: Network, old: str, new: str) -> None:
    network.refresh_from_db()
    wanted = network.intent()
    ssids = tuple(
        msgspec.structs.replace(ssid, name=new) if ssid.name == old else ssid for ssid in wanted.ssids
    )
    network.revise(None, msgspec.structs.replace(wanted, ssids=ssids))


@pytest.fixture
def present(world: World, door: Door) -> World:
    """Counter and Window are connected and have what they should run."""
    door.connect(COUNTER)
    door.connect(WINDOW)
    publish(world.harbour)
    return world


def test_what_is_wanted_reaches_the_live_store_sealed(present: World, door: Door) -> None:
    assert door.names(COUNTER) == ["Lento", "Lento Guests"]
    (desired,) = door.store.desired([COUNTER])
    assert b"espresso" not in desired.document
    assert desired.network == str(present.harbour.pk)
    assert (desired.uuid, desired.hash) == (row(COUNTER).uuid, row(COUNTER).hash)


def test_nothing_is_sent_twice(present: World, door: Door) -> None:
    before = door.uuid(COUNTER)
    assert publish(present.harbour) == 0
    assert door.uuid(COUNTER) == before


def test_a_change_gets_a_higher_number(present: World, door: Door) -> None:
    before = door.uuid(COUNTER)
    rename(present.harbour, "Lento", "Lento Harbour")
    assert publish(present.harbour) == 2
    assert door.names(COUNTER) == ["Lento Guests", "Lento Harbour"]
    assert door.uuid(COUNTER) > before


def test_a_change_that_changes_no_document_only_counts_as_published(present: World, door: Door) -> None:
    before = row(COUNTER).uuid
    wanted = present.harbour.intent()
    present.harbour.revise(present.ada, msgspec.structs.replace(wanted, window_start="02:00"))
    assert publish(present.harbour) == 0
    assert row(COUNTER).uuid == before
    assert row(COUNTER).published_revision == row(COUNTER).wanted_revision == 2


def test_one_access_point_alone(present: World, door: Door) -> None:
    present.counter.rename(present.ada, "Bar")
    assert sum(publish_access_points([present.counter.pk])) == 1
    assert door.document(COUNTER)["unit"]["name"] == "Bar"


def test_some_of_several_networks(present: World, door: Door) -> None:
    door.connect(LOBBY)
    assert sum(publish_access_points([present.counter.pk, present.lobby.pk])) == 1
    assert door.names(LOBBY) == ["Halde"]


def test_never_heard_of_is_claimed_with_nothing_to_send(world: World, door: Door) -> None:
    assert publish(world.harbour) == 2
    assert door.uuid(COUNTER) == 0
    assert row(COUNTER).uuid == row(COUNTER).published_revision == 0


def test_one_that_waited_parked_is_adopted(present: World) -> None:
    counter = AccessPoint.objects.get(serial=COUNTER)
    assert (counter.link, counter.model) == ("online", "EdgeCore EAP101")
    assert counter.address == "192.0.2.7"
    assert not counter.events.exists()


def test_one_that_left_again_before_it_was_claimed_is_offline(world: World, door: Door) -> None:
    session = door.connect(COUNTER, at=1_800_000_000.0)
    door.store.disconnected([(COUNTER, session, 1_800_000_060.0)])
    publish(world.harbour)
    assert AccessPoint.objects.get(serial=COUNTER).link == "offline"
    assert door.uuid(COUNTER) > 0


def test_a_number_above_ours_is_overtaken_with_the_same_content(present: World, door: Door) -> None:
    ahead, digest = row(COUNTER).uuid + 1000, row(COUNTER).hash
    Configuration.objects.filter(pk=present.counter.pk).update(reported_uuid=ahead)
    assert publish(present.harbour) == 1
    assert row(COUNTER).uuid == ahead + 1
    assert row(COUNTER).hash == digest


def test_a_former_owners_number_is_overtaken_at_once(world: World, door: Door) -> None:
    door.connect(COUNTER, uuid=2_000_000_000)
    publish(world.harbour)
    assert door.uuid(COUNTER) == 2_000_000_001


def test_a_refused_number_is_used_up(present: World, door: Door) -> None:
    refused = row(COUNTER).uuid + 50
    Configuration.objects.filter(pk=present.counter.pk).update(refused_uuid=refused)
    rename(present.harbour, "Lento", "Lento Harbour")
    publish(present.harbour)
    assert row(COUNTER).uuid == refused + 1


def test_the_last_number_of_all_cannot_be_overtaken(present: World, door: Door) -> None:
    before = door.uuid(COUNTER)
    Configuration.objects.filter(pk=present.counter.pk).update(reported_uuid=MAX_NUMBER)
    assert publish(present.harbour) == 0
    assert "factory settings" in row(COUNTER).unpublishable
    assert door.uuid(COUNTER) == before


def test_a_restored_database_goes_above_what_was_sent_since(present: World, door: Door) -> None:
    sent = door.uuid(COUNTER) + 5000
    live_store().put_desired([Desired(COUNTER, sent, "ab" * 32, b"", str(present.harbour.pk))])
    publish(present.harbour)
    assert door.uuid(COUNTER) == sent + 1
    assert door.names(COUNTER) == ["Lento", "Lento Guests"]


def test_what_the_hardware_lacks_is_said(world: World, door: Door) -> None:
    door.connect(COUNTER, wifi={"wifi:2G": {"band": ["2G"], "htmode": ["HT20"]}})
    publish(world.harbour)
    assert row(COUNTER).left_out == [
        "“Lento” is left out of 5 GHz: this access point has no such radio.",
        "“Lento Guests” is left out of 5 GHz: this access point has no such radio.",
    ]


def test_too_large_for_its_frame_is_said_and_not_sent(present: World, door: Door, monkeypatch: Any) -> None:
    before = door.uuid(COUNTER)
    monkeypatch.setattr("devices.rendering.size.FRAME", 600)
    rename(present.harbour, "Lento", "Lento Harbour")
    assert publish(present.harbour) == 0
    assert "bytes long" in row(COUNTER).unpublishable
    assert door.uuid(COUNTER) == before


def test_what_was_unpublishable_is_sent_once_it_is_mended(present: World, door: Door) -> None:
    Configuration.objects.update(unpublishable="too large")
    rename(present.harbour, "Lento", "Lento Harbour")
    assert publish(present.harbour) == 2
    assert row(COUNTER).unpublishable == ""


def test_an_unrenderable_network_says_why(present: World, door: Door) -> None:
    present.harbour.ssids.update(bands="6G")
    Network.objects.filter(pk=present.harbour.pk).update(revision_number=2)
    assert publish(present.harbour) == 0
    assert "6 GHz" in row(COUNTER).unpublishable


def test_a_network_that_is_gone_publishes_nothing(present: World) -> None:
    pks = [present.counter.pk, present.window.pk]
    present.harbour.remove(present.ada)
    assert publish(present.harbour) == 0
    assert sum(publish_access_points(pks)) == 0


def test_a_moved_one_runs_its_new_networks_configuration(present: World, door: Door) -> None:
    present.counter.move(present.ada, present.market)
    publish(present.harbour)
    publish(present.market)
    assert door.names(COUNTER) == ["Lento"]
    assert door.store.desired([COUNTER])[0].network == str(present.market.pk)


def test_released_ones_are_parked(present: World, door: Door) -> None:
    present.counter.release(present.ada)
    assert sum(forget([COUNTER])) == 1
    assert door.uuid(COUNTER) is None
    assert door.uuid(WINDOW)


def test_released_and_claimed_anew_is_published_again(present: World, door: Door) -> None:
    """Whether it was claimed before or while it was being removed."""
    Task.objects.all().delete()
    list(forget([COUNTER]))
    assert Task.objects.get().payload == {"access_points": [present.counter.pk]}
    list(publish_access_points([present.counter.pk]))
    assert door.uuid(COUNTER)


def test_its_new_owner_sees_nothing_of_what_it_told_the_former(present: World) -> None:
    OnAir(present.counter).check_in().apply()
    present.counter.release(present.ada)
    claim(present.otto, present.halde, COUNTER)
    list(forget([COUNTER]))
    (reported,) = live_store().reported([COUNTER], with_state=True)
    assert reported.session
    assert reported.state == b""


def test_of_several_being_removed_none_is_forgotten_for_another(present: World) -> None:
    Task.objects.all().delete()
    list(forget([COUNTER, WINDOW]))
    list(forget([COUNTER]))
    promised = {pk for task in Task.objects.all() for pk in task.payload["access_points"]}
    assert promised == {present.counter.pk, present.window.pk}


def test_without_the_live_store_it_says_so(present: World, settings: Any) -> None:
    settings.LIVE_STORE_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(StoreUnavailable):
        publish(present.harbour)


@pytest.mark.parametrize("broken", ["put_desired", "nudge"])
def test_a_crash_between_the_steps_is_put_right_by_the_next_run(
    present: World, door: Door, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    rename(present.harbour, "Lento", "Lento Harbour")
    with monkeypatch.context() as patch:
        patch.setattr(type(live_store()), broken, _crash)
        with pytest.raises(KeyboardInterrupt):
            publish(present.harbour)
    nudged = _nudges(monkeypatch, lambda: publish(present.harbour))
    assert nudged == {COUNTER, WINDOW}
    assert door.names(COUNTER) == ["Lento Guests", "Lento Harbour"]
    assert door.uuid(COUNTER) == row(COUNTER).uuid


def test_no_nudge_once_it_was_answered(present: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in Configuration.objects.all():
        Configuration.objects.filter(pk=one.pk).update(sent_uuid=one.uuid)
    assert _nudges(monkeypatch, lambda: publish(present.harbour)) == set()


def _crash(*arguments: object, **words: object) -> None:
    raise KeyboardInterrupt


def _nudges(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> set[str]:
    nudged: set[str] = set()
    monkeypatch.setattr(type(live_store()), "nudge", lambda store, serials: nudged.update(serials))
    act()
    return nudged
