"""The background tasks, for those who run Aerie: seen, tried again, dropped with the key typed."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone as clock
from structlog.testing import capture_logs

from accounts.models import User
from devices.models import Task
from devices.models.task import MAX_ATTEMPTS
from tests.world import World


@pytest.fixture
def dead(world: World) -> Task:
    Task.objects.all().delete()
    task = Task.promise("teleport", "teleport:1", {})
    Task.objects.update(dead=True, attempts=MAX_ATTEMPTS, last_error="UnknownKind at dispatch.py:9")
    return task


@pytest.fixture
def staff(world: World) -> Client:
    call_command("staff", world.nobody.email, stdout=StringIO())
    return world.browser(User.objects.get(pk=world.nobody.pk))


def test_nobody_else_finds_the_page(world: World, dead: Task) -> None:
    assert world.browser(world.ada).get("/tasks/").status_code == 404
    assert "/tasks/" not in world.browser(world.ada).get("/account/").content.decode()


def test_staff_find_it_in_their_menu_and_see_what_failed(staff: Client, dead: Task) -> None:
    assert 'href="/tasks/"' in staff.get("/account/").content.decode()
    page = staff.get("/tasks/").content.decode()
    assert all(words in page for words in ("teleport:1", "Given up", "UnknownKind at dispatch.py:9"))


def test_the_list_is_narrowed_by_state_and_kind(staff: Client, dead: Task) -> None:
    Task.promise("publish", "publish:1", {"network": 1})
    Task.claim(Task.promise("report", "report:1", {"report": 1}).pk, clock.now())
    shown = {
        query: [line.task.kind for line in staff.get(f"/tasks/?{query}").context["lines"]]
        for query in ("state=dead", "state=waiting", "state=running", "kind=report", "state=odd")
    }
    assert shown.pop("state=odd") == ["teleport", "publish", "report"]
    assert list(shown.values()) == [["teleport"], ["publish"], ["report"], ["report"]]


@pytest.mark.parametrize("by", ["pk", "kind"])
def test_a_dead_task_is_tried_again(staff: Client, dead: Task, by: str) -> None:
    with capture_logs() as logs:
        staff.post("/tasks/retry/", {by: getattr(dead, by)})
    dead.refresh_from_db()
    assert (dead.dead, dead.attempts) == (False, 0)
    assert [line["count"] for line in logs if line["event"] == "tasks.retried"] == [1]


def test_it_is_dropped_only_with_its_key_typed(staff: Client, dead: Task) -> None:
    assert staff.post(f"/tasks/{dead.pk}/drop/", {"typed": "teleport"}).status_code == 422
    assert Task.objects.filter(pk=dead.pk).exists()
    with capture_logs() as logs:
        staff.post(f"/tasks/{dead.pk}/drop/", {"typed": "teleport:1"})
    assert not Task.objects.filter(pk=dead.pk).exists()
    assert "task.dropped" in [line["event"] for line in logs]


def test_a_task_that_waits_cannot_be_dropped(staff: Client, dead: Task) -> None:
    Task.objects.update(dead=False)
    assert staff.get(f"/tasks/{dead.pk}/drop/").status_code == 404
    assert not dead.drop()


def test_without_a_browser(dead: Task) -> None:
    out = StringIO()
    call_command("tasks", "list", "--dead", stdout=out)
    assert "teleport:1" in out.getvalue()
    call_command("tasks", "retry", "--kind", "teleport", stdout=out)
    assert not Task.objects.filter(dead=True).exists()
    with pytest.raises(CommandError, match="no dead task"):
        call_command("tasks", "drop", "teleport:1")


def test_dropped_without_a_browser(dead: Task) -> None:
    call_command("tasks", "drop", "teleport:1", stdout=StringIO())
    assert not Task.objects.exists()


def test_staff_is_said_of_those_who_signed_up_and_taken_back(world: World) -> None:
    call_command("staff", world.ada.email, stdout=StringIO())
    call_command("staff", world.ada.email, remove=True, stdout=StringIO())
    assert not User.objects.get(pk=world.ada.pk).is_staff
    with pytest.raises(CommandError, match="Nobody has signed up"):
        call_command("staff", "ghost@lento.example")


def test_the_metrics_tell_what_waits_and_what_died(world: World, dead: Task, client: Client) -> None:
    Task.promise("publish", "publish:1", {"network": 1})
    told = client.get("/metrics").content.decode()
    assert 'aerie_tasks{kind="teleport",state="dead"} 1.0' in told
    assert 'aerie_tasks_due{queue="critical"} 1.0' in told
    assert 'aerie_queue_jobs{queue="reports"} 0.0' in told
    assert "aerie_queue_up 1.0" in told
