"""This process's connection to the live store, and the seal of what it puts there."""

from functools import lru_cache

from django.conf import settings

from outpost.store.contract import LiveStore
from outpost.store.opening import open_live_store
from outpost.store.sealing import Seal


def live_store() -> LiveStore:
    """The live store of the settings; it connects when first used and again after a fault."""
    return _store(settings.LIVE_STORE_URL)


def seal() -> Seal:
    """Seals configurations to their serials, with the keys the outposts share."""
    return _seal(tuple(settings.OUTPOST_STORE_KEYS))


@lru_cache(maxsize=4)
def _store(url: str) -> LiveStore:
    return open_live_store(url)


@lru_cache(maxsize=4)
def _seal(keys: tuple[bytes, ...]) -> Seal:
    return Seal(keys)
