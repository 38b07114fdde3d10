"""What fits into the frame an access point reads."""

import os

import pytest
from msgspec.structs import replace

from devices.rendering.document import render
from devices.rendering.intent import BANDS
from devices.rendering.size import ENVELOPE, FRAME, TooLarge, check_size
from tests.devices.rendering.wishes import CAFE, STAFF, TRI_BAND, UNIT


def test_just_fits_and_just_does_not():
    check_size(b"x" * (FRAME - ENVELOPE), compress=False)
    with pytest.raises(TooLarge, match="32257 bytes long"):
        check_size(b"x" * (FRAME - ENVELOPE + 1), compress=False)


def test_compression_helps_where_it_can():
    check_size(b"x" * 200_000, compress=True)
    with pytest.raises(TooLarge) as refusal:
        check_size(os.urandom(60_000), compress=True)
    assert refusal.value.problem.where == ("ssids",)


def test_the_largest_network_fits_without_compression():
    ssids = [
        replace(
            STAFF,
            key=f"{band}{n}",
            name=f"{band} {n} {'é' * 13}",
            passphrase="\\" * 63,
            bands=(band,),
            vlan=n + 1,
        )
        for band in BANDS
        for n in range(8)
    ]
    check_size(render(replace(CAFE, ssids=tuple(ssids)), UNIT, TRI_BAND).document, compress=False)
