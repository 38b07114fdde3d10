"""What is sent in the tests of what is done once, and a cast that every connection sees."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.console import forms
from tests.world import World

KEY = {"Idempotency-Key": "5f0c9c1e"}
NELL = {"email": "nell@elsewhere.example", "role": "viewer"}
INVITE = "/o/cafe-lento/invitations/new/"


@pytest.fixture
def committed(transactional_db: None, world: World) -> World:
    """Its rows are there for every connection."""
    return world


def fields(client: Client, address: str) -> dict[str, Any]:
    """What the form on this page would send, as it is."""
    page = client.get(address)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert token
    return {**forms.fields(page), "csrfmiddlewaretoken": token[1]}


def send(client: Client, content: dict[str, str] = NELL, headers: dict[str, str] | None = None) -> Any:
    return client.post(INVITE, content, headers=headers or KEY)
