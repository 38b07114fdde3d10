"""Who hears of a budget and what it is tagged with, for moto: what Terraform asks after it has made one.

Written after the public API reference of AWS Budgets (2016-10-20).
"""

import json
from typing import Any

from moto.budgets.models import Notification
from moto.budgets.responses import BudgetsResponse


def _notification(response: BudgetsResponse) -> Notification:
    """The asked one of the asked budget. Raises ``KeyError`` and ``StopIteration`` without such."""
    asked = response._get_param("Notification")
    budget = response.backend.budgets[response._get_param("AccountId")][response._get_param("BudgetName")]
    return next(one for one in budget.notifications if _same(one.details, asked))


def _same(one: dict[str, object], other: dict[str, object]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("NotificationType", "Threshold"))


def _tags(response: BudgetsResponse) -> dict[str, str]:
    """The asked budget's, by name."""
    every: dict[str, dict[str, str]] = vars(response.backend).setdefault("tags", {})
    return every.setdefault(response._get_param("ResourceARN").rpartition("/")[2], {})


_create = BudgetsResponse.create_budget


class _Actions(BudgetsResponse):
    def create_budget(self) -> str:
        made = _create(self)
        tags: list[dict[str, Any]] = self._get_param("ResourceTags", [])
        kept = vars(self.backend).setdefault("tags", {})
        kept[self._get_param("Budget")["BudgetName"]] = {tag["Key"]: tag["Value"] for tag in tags}
        return made

    def describe_subscribers_for_notification(self) -> str:
        return json.dumps({"Subscribers": _notification(self).subscribers})

    def list_tags_for_resource(self) -> str:
        told = [{"Key": name, "Value": value} for name, value in _tags(self).items()]
        return json.dumps({"ResourceTags": told})


def extend() -> None:
    """Add the actions to moto's own class: the server finds them there by name."""
    for name, method in vars(_Actions).items():
        if not name.startswith("_"):
            setattr(BudgetsResponse, name, method)
