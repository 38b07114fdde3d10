"""QR codes that join a phone."""

import re

import pytest
from hypothesis import given
from msgspec.structs import replace

from devices.rendering.intent import Security
from devices.rendering.join_code import escape, join_code
from tests.devices.rendering.wishes import GUEST, STAFF, passphrases, ssid_names


@pytest.mark.parametrize(
    ("ssid", "code"),
    [
        (STAFF, "WIFI:T:WPA;S:Café Müller;P:correct horse battery;;"),
        (GUEST, "WIFI:T:nopass;S:Café Müller Gäste ☕;;"),
        (replace(STAFF, hidden=True), "WIFI:T:WPA;S:Café Müller;P:correct horse battery;H:true;;"),
        (
            replace(STAFF, name='a;b,"c":\\', passphrase="p;q:r\\s"),
            r"WIFI:T:WPA;S:a\;b\,\"c\"\:\\;P:p\;q\:r\\s;;",
        ),
        (replace(STAFF, security=Security.WPA3_ENTERPRISE), None),
    ],
)
def test_join_codes(ssid, code):
    assert join_code(ssid) == code


@given(ssid_names, passphrases)
def test_a_reader_gets_back_what_went_in(name, passphrase):
    code = join_code(replace(STAFF, name=name, passphrase=passphrase))
    fields = re.findall(r"([TSPH]):((?:\\.|[^\\;])*);", code.removeprefix("WIFI:"), re.DOTALL)
    read = {field: re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) for field, value in fields}
    assert read == {"T": "WPA", "S": name, "P": passphrase}


def test_only_the_five_special_characters_are_escaped():
    assert escape("plain 'text' 😀 \\") == "plain 'text' 😀 \\\\"
