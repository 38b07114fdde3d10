"""What never leaves this process in words: taken out of every log line and of whatever an error report says.

Whoever logs takes care; this is for what slips through, such as an exception that quotes a row.
"""

import re
from collections.abc import Mapping
from typing import Any

MASK = "…"
_DEEP = 6  # levels of lists and dicts looked into; what is deeper is left out
# Names whose value is a secret, or a person, whatever it looks like.
_SECRET = re.compile(
    r"(?:^|_|-)(?:password\d?|passphrase|passwd|psk|secret|secrets|token|authorization|cookie|cookies|"
    r"csrfmiddlewaretoken|sessionid|api_?key|private_?key|email)(?:$|_|-)|_keys?$|_dsn$",
    re.IGNORECASE,
)
# Links that open doors: an invitation, the confirmation of an address, a new password, a file, an upload.
_LINK = re.compile(
    r"(/invitation/|/unsubscribe/|/confirm-email/|/password/reset/key/|/files/|/uploads/(?:parts/)?)[^/\s?\"']+"
)
_IN_URL = re.compile(r"(\w://)[^/\s@]*@")  # user:password@ of an address
_SIGNED = re.compile(
    r"([?&](?:X-Amz-[\w-]+|Signature|Policy|Key-Pair-Id|token|key)=)[^&\s\"']+", re.IGNORECASE
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_QUOTED_ROW = re.compile(r"(Duplicate entry |value: |Truncated incorrect \w+ value: )'.*?'(?= for |\W*$)")
# "passphrase": "espresso doppio", password=…: a document or a form that somebody printed.
_NAMED = re.compile(
    r"((?:passphrase|password\d?|passwd|psk|secret|token|sessionid|csrftoken|private_?key|\w_keys?)"
    r"[\"']?\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s;&}\])]+)",
    re.IGNORECASE,
)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL)
_RULES = (
    (_PEM, MASK),
    (_LINK, rf"\1{MASK}"),
    (_IN_URL, rf"\1{MASK}@"),
    (_SIGNED, rf"\1{MASK}"),
    (_BEARER, rf"\1 {MASK}"),
    (_QUOTED_ROW, rf"\1'{MASK}'"),
    (_NAMED, rf"\1{MASK}"),
    (_MAIL, MASK),
)


def mask_text(text: str) -> str:
    """The text without keys of links, credentials, e-mail addresses and named secrets."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def masked(value: Any, depth: int = _DEEP) -> Any:
    """The same with every text in it masked, and whatever is under a secret's name."""
    if isinstance(value, str):
        return mask_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth == 0:
        return MASK
    if isinstance(value, Mapping):
        return {key: _under(str(key), one, depth) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(one, depth - 1) for one in value]
    return mask_text(str(value))


def _under(name: str, value: Any, depth: int) -> Any:
    return MASK if _SECRET.search(name) and value not in (None, "") else masked(value, depth - 1)
