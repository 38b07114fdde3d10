"""Who lives is known by its signs of life alone, also where the clock has only begun to count."""

import time

from outpost.beats import Beats


def test_who_has_yet_to_begin_is_silent_just_after_the_machine_started() -> None:
    assert Beats(2).silent(now=5.0, seconds=20.0) == 2


def test_silent_is_who_gave_no_sign_for_so_long_or_not_since_it_was_replaced() -> None:
    beats, now = Beats(2), time.monotonic()
    for place in beats.workers:
        beats.beat(place)
    assert beats.silent(now + 19.0, 20.0) == 0
    assert beats.silent(now + 3600.0, 20.0) == 2
    beats.clear(1)
    assert beats.silent(now, 20.0) == 1
