"""Secrets an access point tells unasked are dropped before anything is kept."""

from typing import Any, Final

_TELLTALES: Final = ("password", "passphrase", "passwd", "secret", "psk", "private")
_EXACTLY: Final = frozenset({"key", "pin", "token"})


def without_secrets(value: Any) -> Any:
    """A copy of JSON values without every member whose name says that it is a secret."""
    if isinstance(value, dict):
        return {name: without_secrets(item) for name, item in value.items() if not _is_secret(name)}
    if isinstance(value, list):
        return [without_secrets(item) for item in value] if _has_members(value) else value
    return value


def _is_secret(name: str) -> bool:
    lower = name.lower()
    return lower in _EXACTLY or any(word in lower for word in _TELLTALES)


def _has_members(items: list[Any]) -> bool:
    return any(isinstance(item, (dict, list)) for item in items)
