"""Which live store a URL means."""

from outpost.store.contract import LiveStore, OutpostStore
from outpost.store.redis import RedisLiveStore, RedisOutpostStore
from outpost.store.redis_connection import StoreUrlInvalid
from outpost.store.redis_layout import DEFAULT_PREFIX

REDIS_SCHEMES = ("redis", "rediss", "unix")

__all__ = ["StoreUrlInvalid", "check_url", "open_live_store", "open_outpost_store"]


def check_url(url: str) -> str:
    """The URL itself. Raises ``StoreUrlInvalid`` in words when no store goes by its scheme."""
    scheme = url.partition(":")[0]
    if ":" not in url or scheme not in REDIS_SCHEMES:
        named = f"{scheme!r}" if ":" in url and scheme.isalnum() else "what is written"
        raise StoreUrlInvalid(
            f"The live store is named by a redis://, rediss:// or unix:// URL; {named} is none of them"
        )
    return url


def open_outpost_store(url: str, prefix: str = DEFAULT_PREFIX) -> OutpostStore:
    """The asynchronous side, connecting when first used. Raises ``StoreUrlInvalid``."""
    return RedisOutpostStore.from_url(check_url(url), prefix)


def open_live_store(url: str, prefix: str = DEFAULT_PREFIX) -> LiveStore:
    """The synchronous side, connecting when first used. Raises ``StoreUrlInvalid``."""
    return RedisLiveStore.from_url(check_url(url), prefix)
