"""The mail of every week, through a real SMTP server: once in effect for each member who wants it."""

import re
from datetime import timedelta
from email.message import Message
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone as clock

from accounts.models import Membership, Organisation
from devices.models import Task
from jobs import occasions
from jobs.dispatch import perform
from jobs.mailing import week_words, weekly
from jobs.schedule import CALENDAR
from tests.devices.reporting.weeks import NOW, live_through
from tests.devices.together import together
from tests.jobs.mail_server import Mailbox, MailServer
from tests.world import World, hang, place

pytestmark = pytest.mark.django_db(transaction=True)
EVERYBODY = ["ada@lento.example", "bo@lento.example", "otto@halde.example", "vi@lento.example"]


@pytest.fixture
def monday(world: World, server: MailServer, time_machine_now: Any) -> Task:
    """The occasion has come."""
    live_through(world)
    Task.objects.all().delete()
    return Task.promise("weekly-mails", "entry:weekly:x", {"at": NOW.isoformat()})


@pytest.fixture
def time_machine_now() -> Any:
    with time_machine.travel(NOW, tick=True):
        yield


def do_all() -> None:
    """Whatever is due, until nothing is."""
    while found := Task.due(clock.now()):
        for pk, _kind in found:
            perform(pk)


def recipients(mailbox: Mailbox) -> list[str]:
    return sorted(to for (to,), _ in mailbox.mails)


def mail_to(mailbox: Mailbox, address: str) -> Message:
    return next(mail for (to,), mail in mailbox.mails if to == address)


def words_of(mail: Message) -> tuple[str, str]:
    parts = [part.get_payload(decode=True).decode() for part in mail.get_payload()]
    return tuple(part.replace("\xa0", " ") for part in parts)


def test_the_calendar_promises_it_on_mondays(world: World) -> None:
    occasions.look(CALENDAR, NOW - timedelta(days=7))
    Task.objects.all().delete()
    occasions.look(CALENDAR, NOW - timedelta(minutes=1))
    assert not Task.objects.filter(kind="weekly-mails").exists()
    occasions.look(CALENDAR, NOW)
    assert Task.objects.get(kind="weekly-mails").payload == {"at": NOW.isoformat()}


def test_every_member_is_told_once(monday: Task, mailbox: Mailbox) -> None:
    do_all()
    assert recipients(mailbox) == EVERYBODY
    assert not Task.objects.exists()


def test_it_tells_the_week_in_words(monday: Task, mailbox: Mailbox) -> None:
    do_all()
    mail = mail_to(mailbox, "ada@lento.example")
    text, html = words_of(mail)
    for words in (
        "Access points now: 1 online, 1 offline, 1 never seen.",
        "95 %, 2.5 points less than the week before",
        "the longest lasted 15 hours, 30 minutes",
        "1 access point runs an older version",
    ):
        assert words in text
        assert words in html
    assert "Halde" not in text


def test_its_links_lead_to_the_console(world: World, monday: Task, mailbox: Mailbox, client: Client) -> None:
    do_all()
    _, html = words_of(mail_to(mailbox, "ada@lento.example"))
    paths = [link.split("/", 3)[3] for link in re.findall(r'href="([^"]+)"', html)]
    ada = world.browser(world.ada)
    assert {ada.get(f"/{path}").status_code for path in paths} == {200}
    assert len(paths) == 3


def test_one_click_unsubscribes_as_rfc_8058_has_it(world: World, monday: Task, mailbox: Mailbox) -> None:
    do_all()
    mail = mail_to(mailbox, "vi@lento.example")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = re.fullmatch(r"<https?://[^/>]+(/unsubscribe/[\w.-]+/)>", mail["List-Unsubscribe"].strip())
    assert address
    program = Client(enforce_csrf_checks=True)
    assert program.post(address[1], {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not world.cafe.memberships.get(user=world.vi).weekly_report


def test_who_does_not_want_it_gets_none(world: World, monday: Task, mailbox: Mailbox) -> None:
    world.cafe.memberships.get(user=world.bo).want_weekly_report(False)
    do_all()
    assert recipients(mailbox) == [one for one in EVERYBODY if one != "bo@lento.example"]


def test_nor_who_says_so_while_the_mail_waits(world: World, monday: Task, mailbox: Mailbox) -> None:
    for kind in ("weekly-mails", "weekly-mail"):
        for task in Task.objects.filter(kind=kind):
            perform(task.pk)
    assert Task.objects.filter(kind="mail").count() == 4
    world.cafe.memberships.get(user=world.bo).want_weekly_report(False)
    world.cafe.memberships.get(user=world.vi).leave()
    do_all()
    assert recipients(mailbox) == ["ada@lento.example", "otto@halde.example"]


def test_nor_an_address_that_nobody_confirmed(world: World, monday: Task, mailbox: Mailbox) -> None:
    world.bo.emailaddress_set.update(verified=False)
    do_all()
    assert "bo@lento.example" not in recipients(mailbox)


def test_nor_an_organisation_without_access_points(world: World, monday: Task, mailbox: Mailbox) -> None:
    Organisation.found(world.bo, "Bakery Zon")
    world.terrace.delete()
    world.lobby.delete()
    do_all()
    assert recipients(mailbox) == ["ada@lento.example", "bo@lento.example", "vi@lento.example"]


def many(world: World, number: int) -> None:
    for one in range(number):
        organisation = Organisation.found(world.otto, f"Chain {one}")
        network = place(world.otto, organisation, "House", "CH", "Europe/Zurich")
        hang(world.otto, network, f"24f5a200a{one:03x}", "")
    Task.objects.exclude(kind="weekly-mails").delete()


@pytest.mark.parametrize("batch", [1, 3, 7, 100])
def test_batches_leave_nobody_out(
    world: World, monday: Task, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(weekly, "ORGANISATIONS", batch)
    many(world, 5)
    do_all()
    assert recipients(mailbox) == sorted([*EVERYBODY, *["otto@halde.example"] * 5])


@pytest.mark.parametrize("nth", range(1, 5))
def test_killed_in_the_middle_of_a_batch_it_tells_each_once(
    world: World, monday: Task, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    many(world, 3)
    monkeypatch.setattr(weekly, "ORGANISATIONS", 2)
    with monkeypatch.context() as patch:
        _dies_at(patch, nth)
        with pytest.raises(KeyboardInterrupt):
            do_all()
    Task.objects.update(lease_until=None)  # which runs out
    do_all()
    assert recipients(mailbox) == sorted([*EVERYBODY, *["otto@halde.example"] * 3])
    assert len({mail["Message-ID"] for _, mail in mailbox.mails}) == len(mailbox.mails)


def _dies_at(patch: pytest.MonkeyPatch, nth: int) -> None:
    """The process ends when the nth organisation would be promised, its batch unfinished."""
    promise, made = Task.promise, []

    def mortal(kind: str, key: str, payload: dict[str, Any]) -> Task:
        made.append(key)
        if len([one for one in made if one.startswith("weekly-mail:")]) == nth:
            raise KeyboardInterrupt
        return promise(kind, key, payload)

    patch.setattr(Task, "promise", mortal)


def test_killed_before_the_mails_are_promised_it_counts_again(
    monday: Task, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(weekly, "finish_with", die)
        with pytest.raises(KeyboardInterrupt):
            do_all()
    Task.objects.update(lease_until=None)
    do_all()
    assert recipients(mailbox) == EVERYBODY


def test_two_workers_send_no_more_than_one(monday: Task, mailbox: Mailbox) -> None:
    mailbox.pause = 0.05
    together(*[do_all] * 3)
    do_all()
    assert recipients(mailbox) == EVERYBODY


def test_two_organisations_of_one_person_are_two_mails(world: World, monday: Task, mailbox: Mailbox) -> None:
    Membership.objects.create(organisation=world.hotel, user=world.ada, role="viewer")
    do_all()
    assert recipients(mailbox).count("ada@lento.example") == 2
    assert len({mail["Message-ID"] for _, mail in mailbox.mails}) == 5


def test_a_quiet_week_is_told_in_two_lines() -> None:
    links = {"online": 2, "offline": 0, "unseen": 0, "disabled": 1}
    nothing = {"percent": None, "change": None}
    week = {"links": links, "whole": nothing, "outdated": None, "traffic": None}
    week |= {"alerts": {"count": 0}, "rollouts": {"open": 0, "halted": 0, "finished": 0}}
    assert week_words.sentences(week) == [
        "Access points now: 2 online, 0 offline, 0 never seen, 1 disabled.",
        "Alerts: none.",
    ]


def test_a_busy_one_in_six() -> None:
    links = {"online": 2, "offline": 1, "unseen": 0, "disabled": 0}
    week = {"links": links, "whole": {"percent": 99.5, "change": 0.25}, "outdated": 0}
    week |= {"alerts": {"count": 3, "open": 1, "longest": 7200}}
    week |= {"rollouts": {"open": 2, "halted": 1, "finished": 4}}
    week |= {"traffic": {"downloaded": 2 * 1024**3, "uploaded": 1024**2, "clients": 41}}
    assert [one.replace("\xa0", " ") for one in week_words.sentences(week)][1:] == [
        "Together they were online for 99.5 %, 0.25 points more than the week before.",
        "Alerts: 3; the longest lasted 2 hours. 1 of them is still open.",
        "Firmware: no access point runs an older version than the newest stable one offered.",
        "Firmware rollouts: 2 not finished, 1 of them halted, 4 finished this week.",
        "Clients downloaded 2.0 GB and uploaded 1.0 MB; in the busiest hour there were 41.",
    ]
