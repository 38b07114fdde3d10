"""The fixed cast of the tests, made with the product's own verbs.

Café Lento is a small chain: Ada owns it, Bo keeps it running, Vi may look.
It has two places. Hotel Halde is somebody else's: Otto must see nothing of
Café Lento's, and nobody of Café Lento's may see anything of his.
"""

from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import Membership, Organisation, Role, User
from devices.claiming import claim
from devices.models import AccessPoint, Network, Ssid
from devices.rendering.intent import NetworkIntent, Security, SsidIntent

PASSWORD = "slow coffee, fast wifi"

COUNTER = "24f5a2000001"
WINDOW = "24f5a2000002"
TERRACE = "24f5a2000003"
LOBBY = "903cb3000001"

HARBOUR_SSIDS = (
    SsidIntent(key="1", name="Lento", security=Security.WPA2_WPA3, passphrase="espresso doppio"),
    SsidIntent(key="2", name="Lento Guests", security=Security.OPEN, isolate=True, guest=True),
)
MARKET_SSIDS = (SsidIntent(key="3", name="Lento", security=Security.WPA3, passphrase="ristretto lungo"),)
HALDE_SSIDS = (SsidIntent(key="4", name="Halde", security=Security.WPA2, passphrase="mountain view 1"),)


@dataclass
class World:
    """Everybody and everything, by the name the stories use."""

    ada: User
    bo: User
    vi: User
    otto: User
    nobody: User
    cafe: Organisation
    hotel: Organisation
    harbour: Network
    market: Network
    halde: Network
    counter: AccessPoint
    window: AccessPoint
    terrace: AccessPoint
    lobby: AccessPoint

    def browser(self, user: User | None = None) -> Client:
        """A browser, signed in when a user is given."""
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    def ssid(self, network: Network, name: str) -> Ssid:
        return network.ssids.get(name=name)


def person(name: str, email: str, verified: bool = True, **fields: Any) -> User:
    """Someone who can sign in with ``PASSWORD``."""
    user = User.objects.create_user(email, PASSWORD, name=name, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def place(
    user: User, organisation: Organisation, name: str, country: str, timezone: str, *ssids: SsidIntent
) -> Network:
    intent = NetworkIntent(name=name, country=country, timezone=timezone, ssids=ssids)
    return Network.open(user, organisation, intent)


def hang(user: User, network: Network, serial: str, name: str) -> AccessPoint:
    """Claim one access point for the network."""
    claim(user, network, f"{serial},{name}")
    return AccessPoint.objects.get(serial=serial)


def build() -> World:
    ada, bo = person("Ada", "ada@lento.example"), person("Bo", "bo@lento.example")
    vi, otto = person("Vi", "vi@lento.example"), person("Otto", "otto@halde.example")
    cafe, hotel = Organisation.found(ada, "Café Lento"), Organisation.found(otto, "Hotel Halde")
    Membership.objects.create(organisation=cafe, user=bo, role=Role.ADMIN)
    Membership.objects.create(organisation=cafe, user=vi, role=Role.VIEWER)
    harbour = place(ada, cafe, "Harbour", "NL", "Europe/Amsterdam", *HARBOUR_SSIDS)
    market = place(ada, cafe, "Market Square", "NL", "Europe/Amsterdam", *MARKET_SSIDS)
    halde = place(otto, hotel, "Main house", "CH", "Europe/Zurich", *HALDE_SSIDS)
    return World(
        ada=ada,
        bo=bo,
        vi=vi,
        otto=otto,
        nobody=person("Nell", "nell@elsewhere.example", verified=False),
        cafe=cafe,
        hotel=hotel,
        harbour=harbour,
        market=market,
        halde=halde,
        counter=hang(ada, harbour, COUNTER, "Counter"),
        window=hang(ada, harbour, WINDOW, "Window"),
        terrace=hang(ada, market, TERRACE, "Terrace"),
        lobby=hang(otto, halde, LOBBY, "Lobby"),
    )
