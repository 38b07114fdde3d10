"""One JSON object per line, whatever is logged."""

import json
import logging
import sys

from outpost.logs import JsonLines


def line(message, *args, exc_info=None, **extra):
    record = logging.makeLogRecord({"name": "outpost.x", "levelno": 30, "levelname": "WARNING"} | extra)
    record.msg, record.args, record.exc_info = message, args, exc_info
    text = JsonLines().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_line_says_what_when_and_who():
    said = line("closing %s", "now", serial="903cb3aabb01", created=1_800_000_000.5)
    assert said["event"] == "closing now"
    assert (said["level"], said["logger"], said["serial"]) == ("warning", "outpost.x", "903cb3aabb01")
    assert said["timestamp"] == "2027-01-15T08:00:00.500+00:00"


def test_an_exception_is_one_line_too():
    try:
        raise ValueError("a\nb")
    except ValueError:
        said = line("failed", exc_info=sys.exc_info())
    assert "ValueError: a\nb" in said["exception"]


def test_what_json_does_not_know_is_written_as_words():
    assert line("x", thing=object)["thing"] == "<class 'object'>"
