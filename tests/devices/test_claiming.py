"""Claiming: every line is answered, and nobody learns whose an access point is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEntry
from accounts.verification import Unverified
from devices import claiming
from devices.claiming import Outcome, TooManyLines, claim, read_lines
from devices.live_store import live_store
from devices.models import AccessPoint, Task
from outpost.store.contract import Desired
from tests.world import COUNTER, LOBBY, World

NEW = "24f5a20000aa"


@pytest.mark.parametrize(
    "text",
    ["24F5A20000AA", "24:f5:a2:00:00:aa", "24-F5-A2-00-00-AA", "24f5.a200.00aa", " 24:F5:a2:00:00:AA \r"],
)
def test_a_serial_is_read_in_any_notation(text: str) -> None:
    assert [answer.serial for answer in read_lines(text)] == [NEW]


@pytest.mark.parametrize("separator", [" ", ", ", ";", "\t", "\n"])
def test_several_serials_are_read_whatever_stands_between(separator: str) -> None:
    answers = read_lines(separator.join([COUNTER, NEW]))
    assert [answer.serial for answer in answers] == [COUNTER, NEW]


def test_csv_names_its_access_points() -> None:
    answers = read_lines(f'Serial,Name\n{NEW},"Bar, left"\n{COUNTER};Roof')
    assert [(a.line, a.serial, a.name) for a in answers] == [(2, NEW, "Bar, left"), (3, COUNTER, "Roof")]


def test_a_name_hides_and_reverses_nothing() -> None:
    (answer,) = read_lines("24f5a2000001,Bar\u202e\x07 1\u200b")
    assert answer.name == "Bar   1"


def test_bad_lines_are_answered_and_good_ones_kept() -> None:
    answers = read_lines(f"{NEW}\nnot a serial\n\n24:f5:a2:00:00:AA\n24f5a20000")
    outcomes = [(answer.line, answer.outcome) for answer in answers]
    assert outcomes == [(1, None), (2, Outcome.MALFORMED), (4, Outcome.DUPLICATE), (5, Outcome.MALFORMED)]


@given(st.text(max_size=200))
def test_no_text_is_an_error(text: str) -> None:
    assert all(answer.serial or answer.outcome is Outcome.MALFORMED for answer in read_lines(text))


@pytest.mark.django_db
def test_every_line_is_told_what_became_of_it(world: World) -> None:
    answers = claim(world.ada, world.harbour, f"{NEW},Bar\n{COUNTER}\n{LOBBY}")
    assert [answer.outcome for answer in answers] == [Outcome.AWAITED, Outcome.OURS, Outcome.TAKEN]
    assert AccessPoint.objects.get(serial=NEW).name == "Bar"
    assert AccessPoint.objects.get(serial=LOBBY).network == world.halde


@pytest.mark.django_db
def test_whose_it_is_is_not_told(world: World) -> None:
    (answer,) = claim(world.ada, world.harbour, LOBBY)
    assert "Halde" not in str(answer.outcome.label)


@pytest.mark.django_db
def test_a_claim_wants_the_networks_revision_and_is_published(world: World) -> None:
    Task.objects.all().delete()
    claim(world.ada, world.harbour, NEW)
    configuration = AccessPoint.objects.get(serial=NEW).configuration
    assert configuration.wanted_revision == world.harbour.revision_number
    assert Task.objects.get().payload == {"network": world.harbour.pk}
    assert AuditEntry.objects.latest("pk").detail["serials"] == [NEW]


@pytest.mark.django_db
def test_an_unverified_address_claims_nothing(world: World) -> None:
    with pytest.raises(Unverified):
        claim(world.nobody, world.harbour, NEW)
    assert not AccessPoint.objects.filter(serial=NEW).exists()


@pytest.mark.django_db
def test_too_many_lines_claim_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "MAX_LINES", 1)
    with pytest.raises(TooManyLines):
        claim(world.ada, world.harbour, f"{NEW}\n24f5a20000ab")
    assert not AccessPoint.objects.filter(serial=NEW).exists()


@pytest.mark.django_db
def test_a_released_access_point_is_free_for_others(world: World) -> None:
    live_store().put_desired([Desired(COUNTER, 0, "", b"", "1")])
    world.counter.release(world.ada)
    (answer,) = claim(world.otto, world.halde, COUNTER)
    assert answer.outcome is Outcome.AWAITED
