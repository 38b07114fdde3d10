"""From what rendering refuses, and what a form knows, to words beside the field."""

from collections.abc import Sequence

from django.forms import Form
from django.http import QueryDict
from django.utils.translation import gettext as _

from devices.rendering.problem import Problem


def words(problem: Problem) -> str:
    return _(problem.message).format(**problem.params)


def add_problems(form: Form, found: Sequence[Problem]) -> None:
    """Put every problem at the field it is of; what no field of this form shows goes above the form."""
    for problem in found:
        field = problem.where[-1]
        form.add_error(field if field in form.fields else None, words(problem))


def rebased(typed: QueryDict, number: int) -> QueryDict:
    """What was typed, now knowingly on top of revision ``number``."""
    copy = typed.copy()
    copy["base"] = str(number)
    return copy
