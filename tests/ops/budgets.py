"""Who hears of a budget, for moto: what Terraform asks after it has made one.

Written after the public API reference of AWS Budgets (2016-10-20).
"""

import json

from moto.budgets.models import Notification
from moto.budgets.responses import BudgetsResponse


def _notification(response: BudgetsResponse) -> Notification:
    """The asked one of the asked budget. Raises ``KeyError`` and ``StopIteration`` without such."""
    asked = response._get_param("Notification")
    budget = response.backend.budgets[response._get_param("AccountId")][response._get_param("BudgetName")]
    return next(one for one in budget.notifications if _same(one.details, asked))


def _same(one: dict[str, object], other: dict[str, object]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("NotificationType", "Threshold"))


def describe_subscribers_for_notification(self: BudgetsResponse) -> str:
    return json.dumps({"Subscribers": _notification(self).subscribers})


def extend() -> None:
    """Add the action to this process."""
    BudgetsResponse.describe_subscribers_for_notification = describe_subscribers_for_notification  # type: ignore[attr-defined]
