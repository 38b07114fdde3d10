"""A balancer asks by address, and gets an answer where nobody else would."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_balancer_that_names_only_our_address_is_answered(
    unhurried: None, client: Client, path: str
) -> None:
    assert client.get(path, headers={"host": "10.0.12.34:8000"}).status_code == 200


@pytest.mark.expects_status(400)
def test_pages_are_for_our_own_hosts(client: Client) -> None:
    assert client.get("/account/login/", headers={"host": "10.0.12.34:8000"}).status_code == 400


def test_redirected_to_https_or_not_probes_are_answered(client: Client, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/livez", headers={"host": "10.0.12.34"}).status_code == 200
