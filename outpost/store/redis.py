"""The live store on Redis or Valkey; docs/live-store.md describes the keys."""

from outpost.store.redis_live import RedisLiveStore
from outpost.store.redis_outpost import RedisOutpostStore

__all__ = ["RedisLiveStore", "RedisOutpostStore"]
