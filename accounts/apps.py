from django.apps import AppConfig

# Seconds that a count of sign-ins is locked by somebody who was killed over it; and the others wait longer.
# As django-allauth has it, ten and one, they would be told for ten that they had tried too often.
LOCKED, WAITED = 2, 4


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from allauth.core.internal import ratelimit

        ratelimit.CACHE_LOCK_TIMEOUT = LOCKED
        ratelimit.CACHE_LOCK_WAIT_TIMEOUT = WAITED
