"""What those who run this Aerie must know."""

from typing import Any

import structlog
from django.conf import settings

from devices.models import Task
from jobs.mailing.promising import finish_with
from jobs.mailing.sending import Letter

WHAT = "operators"
log = structlog.get_logger(__name__)


def write_to_all(task: Task) -> None:
    """Payload: {"subject": text, "lines": [texts]}."""
    if not settings.OPERATORS_EMAIL:
        log.error("nobody to tell: OPERATORS_EMAIL is empty", subject=task.payload["subject"])
    told = {"subject": task.payload["subject"], "lines": task.payload["lines"]}
    finish_with(task, [(WHAT, str(task.pk), address, told) for address in settings.OPERATORS_EMAIL])


def letter(told: dict[str, Any]) -> Letter | None:
    return Letter(told["subject"], "operators", {"subject": told["subject"], "lines": told["lines"]})
