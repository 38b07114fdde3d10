"""minisign's signatures: its own published ones hold, everything else is refused for what it is."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from devices.firmware.minisign import BadSignature, Fault, PublicKey, Signature
from tests.images import Signer

# The public key of the minisign project, and signatures it made of a file that holds "test".
MINISIGN = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
PREHASHED = """untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1556193335\tfile:test
y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==
"""
CONTENT = b"an image" * 1000


def check(text: str, content: bytes = CONTENT, *signers: Signer) -> str:
    signature = Signature.parse(text)
    keys = [PublicKey.parse(one.public_key) for one in signers or [Signer()]]
    return signature.verify(hashlib.blake2b(content).digest() if signature.prehashed else content, keys).name


def test_minisigns_own_signature_holds() -> None:
    signature, key = Signature.parse(PREHASHED), PublicKey.parse(MINISIGN)
    assert signature.prehashed
    assert signature.verify(hashlib.blake2b(b"test").digest(), [key]).name == "E7620F1842B4E81F"


@pytest.mark.parametrize("legacy", [False, True])
def test_both_forms_hold(legacy: bool) -> None:
    text = Signer().sign(CONTENT, legacy=legacy)
    assert Signature.parse(text).prehashed is not legacy
    assert check(text) == "0807060504030201"
    assert check(text.replace("\n", "\r\n")) == "0807060504030201"


@pytest.mark.parametrize("legacy", [False, True])
def test_another_file_is_refused(legacy: bool) -> None:
    with pytest.raises(BadSignature, match="file"):
        check(Signer().sign(CONTENT, legacy=legacy), CONTENT + b"!")


def test_a_key_we_do_not_trust_is_named() -> None:
    with pytest.raises(BadSignature) as refused:
        check(Signer("other", b"\x00" * 7 + b"\xab").sign(CONTENT))
    assert (refused.value.fault, refused.value.key_id) == (Fault.KEY, "AB00000000000000")


def test_a_trusted_keys_id_does_not_make_a_key_trusted() -> None:
    with pytest.raises(BadSignature, match="file"):
        check(Signer("impostor").sign(CONTENT))


def test_a_changed_trusted_comment_is_refused() -> None:
    text = Signer().sign(CONTENT, comment="version:4.2").replace("version:4.2", "version:9.9")
    with pytest.raises(BadSignature, match="comment"):
        check(text)


@pytest.mark.parametrize("text", ["", "hello", "a\nb\nc\nd", PREHASHED * 2, PREHASHED + "x" * 5000])
def test_what_is_no_signature_is_refused(text: str) -> None:
    with pytest.raises(BadSignature, match="form"):
        Signature.parse(text)


@given(some.text(max_size=500), some.integers(0, 3))
def test_any_line_is_read_or_refused(line: str, at: int) -> None:
    lines = PREHASHED.split("\n")
    lines[at] = line
    with pytest.raises(BadSignature):
        Signature.parse("\n".join(lines)).verify(b"x", [PublicKey.parse(MINISIGN)])


@pytest.mark.parametrize("text", ["", "RWQ", "not base64!", MINISIGN[:-4], MINISIGN.replace("RW", "AA")])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        PublicKey.parse(text)
