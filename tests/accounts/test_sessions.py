"""The list of browsers one is signed in with."""

from datetime import timedelta
from typing import Any

import time_machine
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone as clock

from tests.world import World


def statements(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_a_session_is_noted_at_first_and_again_after_five_minutes(world: World) -> None:
    ada, page = world.browser(world.ada), reverse("organisations")
    start = clock.now()
    with time_machine.travel(start, tick=False):
        first, second = statements(ada, page), statements(ada, page)
    with time_machine.travel(start + timedelta(minutes=5, seconds=1), tick=False):
        third = statements(ada, page)
        assert UserSession.objects.get(user=world.ada).last_seen_at >= start + timedelta(minutes=5)
    assert first - second >= 4
    assert third - second >= 4


def test_another_browser_is_listed_and_signed_out(world: World) -> None:
    here, there = world.browser(world.ada), Client(headers={"User-Agent": "Firefox on the till"})
    there.force_login(world.ada)
    for client in (here, there):
        client.get(reverse("profile"))
    page: Any = here.get(reverse("usersessions_list"))
    assert "Firefox on the till" in page.content.decode()
    here.post(reverse("usersessions_list"))
    assert there.get(reverse("profile")).status_code == 302
    assert here.get(reverse("profile")).status_code == 200
