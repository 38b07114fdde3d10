"""Rotating the keys: everything sealed moves to the new key, beside a working console, killed or not."""

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as live
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.adapter import mfa_context
from accounts.keyring import Keyring, keyring
from devices import rotation
from devices.management.commands.rotate_keys import BROKEN, LEFT
from devices.models import Ssid
from devices.models.fields import Sealed, time_ordered_id
from devices.rotation import places
from tests.world import World, build

OLD = live.FIELD_ENCRYPTION_KEYS[0]
NEW = bytes(range(32))
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sealed(world: World, settings: Any) -> World:
    """The cast, Ada with second factors, all under the old key; the new one is first now."""
    context = mfa_context(world.ada.pk)
    for kind, data in {
        "totp": {"secret": keyring().seal("JBSWY3DP", context)},
        "recovery_codes": {
            "seed": keyring().seal("5eed", context),
            "used_mask": 3,
            "migrated_codes": [keyring().seal("11111111", context)],
        },
    }.items():
        Authenticator.objects.create(user=world.ada, type=kind, data=data)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    return world


def outdated() -> int:
    return sum(1 for place in places() for _pk in place.outdated(after=0))


def run(**options: Any) -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out, stderr=out, **options)
    return out.getvalue()


def test_the_old_key_can_go_afterwards(sealed: World, settings: Any) -> None:
    assert outdated() >= 8
    assert "Every secret is under the first key" in run()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert outdated() == 0
    assert Ssid.objects.get(network=sealed.harbour, name="Lento").passphrase == "espresso doppio"
    assert sealed.harbour.latest_revision().wanted() == sealed.harbour.intent()


def test_second_factors_move_too(sealed: World, settings: Any) -> None:
    run()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    context = mfa_context(sealed.ada.pk)
    data = Authenticator.objects.get(type="recovery_codes").data
    assert keyring().open(data["seed"], context) == "5eed"
    assert keyring().open(data["migrated_codes"][0], context) == "11111111"
    assert data["used_mask"] == 3


def test_a_dry_run_counts_and_changes_nothing(sealed: World) -> None:
    before = outdated()
    with pytest.raises(CommandError, match=f"{before} secrets are under older keys") as ended:
        run(dry_run=True)
    assert ended.value.returncode == LEFT
    assert outdated() == before
    run()
    assert "Every secret" in run(dry_run=True)


def test_a_broken_secret_is_named_and_the_rest_goes_on(sealed: World) -> None:
    broken = Ssid.objects.get(network=sealed.market, name="Lento")
    stranger = Keyring([b"x" * 32]).seal("lost for ever", f"devices_ssid:{broken.pk}:passphrase")
    Ssid.objects.filter(pk=broken.pk).update(passphrase=Sealed(stranger))
    Authenticator.objects.filter(type="totp").update(data={"secret": "gibberish"})
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("rotate_keys", stdout=out, stderr=out)
    assert ended.value.returncode == BROKEN
    assert f"devices_ssid:{broken.pk}:passphrase" in out.getvalue()
    assert "of mfa_authenticator.data" in out.getvalue()
    assert not {"lost for ever", stranger, "gibberish"} & set(out.getvalue().split())
    assert outdated() == 2


def test_a_value_changed_meanwhile_is_not_overwritten(sealed: World, monkeypatch: Any) -> None:
    """Between reading and swapping, the console saves another passphrase."""
    ssid = Ssid.objects.get(network=sealed.harbour, name="Lento")
    column = next(place for place in places() if place.name == "devices_ssid.passphrase")
    stored: Callable[[int], Sealed] = column._stored

    def read_then_save(pk: int) -> Sealed:
        value = stored(pk)
        if not keyring().is_current(value):
            ssid.passphrase = "macchiato caldo"
            ssid.save()
        return value

    monkeypatch.setattr(column, "_stored", read_then_save)
    assert column.reseal(ssid.pk) is False
    assert Ssid.objects.get(pk=ssid.pk).passphrase == "macchiato caldo"


def test_more_rows_than_a_batch(sealed: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    run()
    assert outdated() == 0


def test_running_twice_changes_nothing(sealed: World) -> None:
    run()
    before = list(Ssid.objects.values_list("passphrase", flat=True))
    assert "0 sealed again" in run()
    assert list(Ssid.objects.values_list("passphrase", flat=True)) == before


@pytest.mark.django_db(transaction=True)
def test_killed_midway_and_run_again(process_environment: dict[str, str], settings: Any) -> None:
    world = build()
    Ssid.objects.bulk_create(
        Ssid(
            pk=time_ordered_id(), network=world.halde, name=str(n), security="wpa2", passphrase=f"word {n:06}"
        )
        for n in range(4000)
    )
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    keys = ",".join(base64.b64encode(key).decode() for key in (NEW, OLD))
    command = [sys.executable, "manage.py", "rotate_keys"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=process_environment | {"FIELD_ENCRYPTION_KEYS": keys},
        stdout=subprocess.DEVNULL,
    )
    everything = outdated()
    with transaction.atomic():  # it cannot come past a row that is locked
        Ssid.objects.select_for_update().get(name="2000")
        while outdated() > everything - 200:
            assert process.poll() is None, "it ended before anything was seen to change"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert 0 < outdated() < everything
    run()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert {row.passphrase for row in Ssid.objects.filter(name__in=["0", "3999"])} == {
        "word 000000",
        "word 003999",
    }
