"""The number of a configuration: the highest ever stored wins."""

import pytest

from devices.simulation.device import Habits
from devices.simulation.memory import Memory, Shelf
from tests.devices.simulation.documents import AT_ONCE, device, document, push

REFUSED = {"interfaces": "none"}  # not a list: no device takes it

PUSHES = [
    # the numbers pushed ("!" is a document the device refuses), the answers to the last as (error, uuid)
    (["100"], 0, 100),
    (["100", "101"], 0, 101),
    (["100", "99"], 0, 100),  # lower: "Already applied.", with the old number
    (["100", "100"], 0, 100),  # the same again: harmless
    (["100", "101!"], 2, 100),  # refused: the old one stays in force
    (["100", "101!", "101"], 0, 100),  # … and the number is used up
    (["100", "101!", "102"], 0, 102),
    (["100", "101!", "100"], 0, 100),
    (["2147483647"], 0, 2147483647),
    (["2147483648"], 2, 1),  # does not fit a signed 32-bit integer
    (["3000000000", "5"], 0, 5),  # … and uses nothing up
    (["1"], 0, 1),  # the factory's own number
    (["0"], 2, 1),
    (["-5"], 2, 1),
]


def last_answer(one, pushes):
    for number in pushes:
        uuid = int(number.rstrip("!"))
        config = document(uuid, f"net {uuid}") | (REFUSED if number.endswith("!") else {})
        answer = push(one, config)
    return answer


@pytest.mark.parametrize(("pushes", "error", "uuid"), PUSHES)
def test_answers(pushes, error, uuid):
    one = device()
    answer = last_answer(one, pushes)
    assert (answer["status"]["error"], answer["uuid"]) == (error, uuid)
    assert one.uuid == uuid


def test_a_lower_number_changes_nothing_on_air():
    one = device()
    answer = last_answer(one, ["100", "99"])
    assert answer["status"]["text"] == "Already applied."
    assert one.ssids == {"net 100"}


def test_a_refused_configuration_changes_nothing_on_air():
    one = device()
    last_answer(one, ["100", "101!", "101"])
    assert one.ssids == {"net 100"}


def test_the_number_inside_must_be_the_number_pushed():
    one = device()
    assert push(one, document(100), uuid=101)["status"]["error"] == 2
    assert one.uuid == 1


def test_connect_tells_the_active_number_not_the_highest():
    one = device()
    last_answer(one, ["100", "101!"])
    assert one.hello(0)[0]["params"]["uuid"] == 100


def test_recovery_mode_reports_zero_and_takes_a_configuration():
    one = device(Memory(active=0, highest=0))
    assert one.hello(0)[0]["params"]["uuid"] == 0
    assert push(one, document(5))["uuid"] == 5


def test_memory_outlives_the_process(tmp_path):
    one = device()
    last_answer(one, ["100", "101!"])
    Shelf(tmp_path).save(one.serial, one.memory)
    again = device(Shelf(tmp_path).load(one.serial))
    assert push(again, document(101, "too late"))["status"]["text"] == "Already applied."
    assert again.ssids == {"net 100"}


def test_stored_memory_is_readable_by_its_owner_alone(tmp_path):
    Shelf(tmp_path).save("02ae51000001", Memory())
    assert (tmp_path / "02ae51000001.json").stat().st_mode & 0o777 == 0o600


def test_a_broken_memory_is_named(tmp_path):
    (tmp_path / "02ae51000001.json").write_text("{")
    with pytest.raises(ValueError, match=r"02ae51000001\.json is not a stored memory"):
        Shelf(tmp_path).load("02ae51000001")


def test_an_unknown_serial_is_factory_new(tmp_path):
    assert Shelf(tmp_path).load("02ae51000001") == Memory()


def test_habit_of_refusing_uses_the_number_up():
    one = device(habits=Habits(apply_seconds=(0, 0), refuse_share=1.0))
    answer = push(one, document(100, "a"))
    assert answer["status"]["error"] == 2
    one.habits = AT_ONCE
    assert push(one, document(100, "a"))["uuid"] == 1


def test_habit_of_rejecting_applies_with_words():
    one = device(habits=Habits(apply_seconds=(0, 0), reject_share=1.0))
    answer = push(one, document(100, "a"))
    assert (answer["status"]["error"], answer["uuid"]) == (1, 100)
    assert answer["status"]["rejected"] == ["services.lldp: not supported by this firmware"]
    assert one.ssids == {"a"}
