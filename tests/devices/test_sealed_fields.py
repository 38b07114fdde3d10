"""Secrets at rest: sealed to their row and column, opened when asked for, never stored in the clear."""

import pytest
from django.db import connection

from accounts.keyring import BrokenSecret, Keyring, parse_keys
from devices.models import Ssid
from devices.models.fields import time_ordered_id
from tests.world import World

pytestmark = pytest.mark.django_db


def stored(table: str, column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return [row[0] for row in cursor.fetchall()]


def test_no_passphrase_stands_in_the_database(world: World) -> None:
    everything = stored("devices_ssid", "passphrase") + stored("devices_revision", "intent")
    assert len(everything) >= 6
    assert not any("espresso" in value or "Lento" in value for value in everything)


def test_a_passphrase_is_read_back_in_the_clear(world: World) -> None:
    assert world.ssid(world.harbour, "Lento").passphrase == "espresso doppio"


def test_a_revision_gives_back_the_whole_wish(world: World) -> None:
    assert world.harbour.latest_revision().wanted() == world.harbour.intent()


def test_a_value_moved_to_another_row_does_not_open(world: World) -> None:
    mine, other = world.ssid(world.harbour, "Lento"), world.ssid(world.market, "Lento")
    with connection.cursor() as cursor:
        cursor.execute("SELECT passphrase FROM devices_ssid WHERE id = %s", [other.pk])
        cursor.execute("UPDATE devices_ssid SET passphrase = %s WHERE id = %s", [*cursor.fetchone(), mine.pk])
    with pytest.raises(BrokenSecret):
        _ = Ssid.objects.get(pk=mine.pk).passphrase


def test_update_refuses_to_store_a_secret_in_the_clear(world: World) -> None:
    with pytest.raises(TypeError, match="sealed"):
        Ssid.objects.update(passphrase="in the clear")


def test_bulk_update_refuses_to_store_a_secret_in_the_clear(world: World) -> None:
    ssid = world.ssid(world.harbour, "Lento")
    ssid.passphrase = "in the clear"
    with pytest.raises(TypeError, match="sealed"):
        Ssid.objects.bulk_update([ssid], ["passphrase"])


def test_an_untouched_secret_is_saved_as_it_was(world: World) -> None:
    before = stored("devices_ssid", "passphrase")
    for ssid in Ssid.objects.all():
        ssid.save()
    assert stored("devices_ssid", "passphrase") == before


def test_a_deferred_secret_is_fetched_when_asked_for(world: World) -> None:
    ssid = Ssid.objects.defer("passphrase").get(network=world.harbour, name="Lento")
    assert ssid.passphrase == "espresso doppio"


def test_the_first_key_seals_and_every_key_opens() -> None:
    old, new = bytes(range(32)), bytes(range(1, 33))
    sealed = Keyring([old]).seal("secret", "t:1:c")
    assert Keyring([new, old]).open(sealed, "t:1:c") == "secret"
    assert not Keyring([new, old]).is_current(sealed)
    with pytest.raises(BrokenSecret):
        Keyring([new]).open(sealed, "t:1:c")


@pytest.mark.parametrize("text", ["no base64!", "c2hvcnQ="])
def test_a_bad_key_is_named_by_its_position(text: str) -> None:
    with pytest.raises(ValueError, match="key 1"):
        parse_keys(text)


def test_identities_are_ordered_and_fit_a_signed_bigint() -> None:
    first, second = time_ordered_id(), time_ordered_id() + (1 << 23)
    assert 0 < first < second < 2**63
