"""Rows are counted as both programs write them, text that looks like rows included."""

import pytest

from devices.backups.counting import Rows

TRAPS = rb"(1,'),(',NULL),(2,'it\'s),(',0xAB),(3,'\\'),(4,'\\\'),(5,'),(6,'a','),(')"


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ([rb"INSERT INTO `t` VALUES (1,'a');"], 1),
        ([rb"INSERT INTO `t` VALUES (1,'a'),(2,'b'),(3,'c');"], 3),
        ([rb"INSERT INTO `t` VALUES", rb"(1,'a'),", rb"(2,'b');"], 2),
        ([rb"INSERT INTO `t` (`a`, `b`) VALUES (1,'a'),(2,'b');"], 2),
        ([rb"INSERT INTO `t` VALUES " + TRAPS + b";"], 5),
        ([rb"INSERT INTO `t` VALUES (1);", rb"INSERT INTO `t` VALUES (2),(3);"], 3),
        ([rb"INSERT INTO `t` VALUES ('','),('),('',''),('','');"], 3),
    ],
)
def test_rows(lines: list[bytes], count: int) -> None:
    rows = Rows()
    for line in lines:
        rows.see(line)
    assert rows.tables == {"t": count}


def test_an_empty_table_is_there_with_none() -> None:
    rows = Rows()
    rows.see(b"CREATE TABLE `quiet` (")
    assert rows.tables == {"quiet": 0}
    assert not rows.completed
