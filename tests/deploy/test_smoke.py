"""What is looked at from outside, and looked at again."""

from deploy import outcomes, smoke
from tests.deploy.staging import BEFORE, Staging

AFTER = "0.1.0+11111111"
BROKEN_OFF = b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nok"
NONE = b"not one line of HTTP\r\n"


def test_an_answer_that_breaks_off_is_asked_for_again(staging: Staging) -> None:
    staging.cut = [BROKEN_OFF, NONE, b""]
    staging.deploy(AFTER)
    assert staging.cut == []
    assert staging.released() == (AFTER, BEFORE)


def test_answers_that_ever_break_off_are_rolled_back(staging: Staging) -> None:
    staging.cut = [BROKEN_OFF] * smoke.LOOKS
    written = staging.deploy(AFTER, code=outcomes.FAILED)
    assert "/livez: no whole answer: IncompleteRead(2 bytes read, 98 more expected)" in written.text
    assert staging.all_run(BEFORE)
