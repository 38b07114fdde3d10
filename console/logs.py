"""What must not reach the logs: the secret parts of links that were mailed or signed."""

import re
from typing import Any

# Who reads the log must not be able to follow the link: /invitation/<token>/, the link that
# confirms an address, the link that resets a password, those that hand a file out or take one in.
_MAILED = re.compile(
    r"(/invitation/|/unsubscribe/|/confirm-email/|/password/reset/key/|/files/|/uploads/(?:parts/)?)[^/\s?]+"
)


def mask_mailed_links(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor; looks at every text of the event."""
    return {key: _masked(value) if isinstance(value, str) else value for key, value in event.items()}


def _masked(text: str) -> str:
    return _MAILED.sub(r"\1…", text)
