"""What is done in the background, for those who run this Aerie: it belongs to no organisation.

What they do here is in the log, for there is no organisation whose activity it could be part of.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from console import access
from console.access import SignedInRequest
from console.forms.place import TypedConfirmation
from console.listing import ROWS, read_text
from devices.models import Task
from devices.models.task import TaskState

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Line:
    """A task as a row shows it."""

    task: Task
    state: TaskState


@access.staff
@require_GET
def tasks(request: HttpRequest) -> HttpResponse:
    """Those given up first, then by when they are due."""
    now = clock.now()
    chosen = {"state": request.GET.get("state", ""), "kind": read_text(request.GET, "kind")}
    page = Paginator(_rows(chosen, now), ROWS).get_page(request.GET.get("page"))
    shown: dict[str, Any] = {
        "page": page,
        "lines": [Line(task, task.state(now)) for task in page],
        "chosen": chosen,
        "states": TaskState.choices,
        "kinds": Task.objects.order_by("kind").values_list("kind", flat=True).distinct(),
        "dead": Task.objects.filter(dead=True).order_by("kind").values("kind").annotate(number=Count("pk")),
    }
    return render(request, "tasks/list.html", shown)


@access.staff
@require_POST
def retry_tasks(request: SignedInRequest) -> HttpResponse:
    """One dead task by ``pk``, or all of a ``kind``."""
    count = Task.retry(Task.objects.filter(**_asked(request.POST)), clock.now())
    log.info("tasks.retried", by=request.user.pk, **_asked(request.POST), count=count)
    done = ngettext("%(n)d task is tried again.", "%(n)d tasks are tried again.", count)
    messages.success(request, done % {"n": count})
    return redirect("tasks")


@access.staff
def drop_task(request: SignedInRequest, pk: int) -> HttpResponse:
    """A dead task, once its key was typed."""
    task = get_object_or_404(Task, pk=pk, dead=True)
    form = TypedConfirmation(access.posted(request), expected=task.key)
    if request.method == "POST" and form.is_valid() and task.drop():
        log.warning("task.dropped", by=request.user.pk, key=task.key, kind=task.kind)
        messages.success(request, _("%(key)s was dropped.") % {"key": task.key})
        return redirect("tasks")
    shown = {"task": task, "form": form}
    return render(request, "tasks/drop.html", shown, status=422 if form.errors else 200)


def _rows(chosen: dict[str, str], now: datetime) -> Any:
    rows = Task.objects.order_by("-dead", "run_after", "pk")
    if chosen["state"] in TaskState.values:
        rows = rows.filter(TaskState(chosen["state"]).of(now))
    return rows.filter(kind=chosen["kind"]) if chosen["kind"] else rows


def _asked(form: QueryDict) -> dict[str, Any]:
    """Raises ``Http404`` for neither a number nor a kind."""
    if form.get("pk", "").isdecimal():
        return {"pk": int(form["pk"][:18])}
    if not form.get("kind"):
        raise Http404
    return {"kind": form["kind"][:40]}
