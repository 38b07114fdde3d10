"""How long a thread waits for a visitor: as long as he goes on."""

import socket
from collections.abc import Iterator

import pytest

from console import visitors
from console.visitors import VisitorSocket

Pair = tuple[VisitorSocket, socket.socket, list[bool]]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(visitors, "SILENT_SECONDS", 0.05)
    ours, theirs = socket.socketpair()
    waits: list[bool] = []
    with VisitorSocket(ours, waits.append) as watched, theirs:
        yield watched, theirs, waits


def test_what_comes_is_read_and_the_wait_is_told(pair: Pair) -> None:
    ours, theirs, waits = pair
    theirs.sendall(b"hello")
    assert ours.recv(10) == b"hello"
    assert waits == [True, False]
    assert ours.gettimeout() is None


def test_a_silent_visitor_is_let_go_of(pair: Pair) -> None:
    with pytest.raises(ConnectionResetError):
        pair[0].recv(10)
    assert pair[2] == [True, False]


def test_one_who_drips_has_no_more_time_than_his_bytes_earn(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs, _ = pair
    now = iter(range(1000))
    monkeypatch.setattr(visitors.time, "monotonic", lambda: next(now))  # each byte takes a second
    theirs.sendall(b"x")
    ours.recv(1)
    with pytest.raises(ConnectionResetError):
        ours.recv(1)
    ours.begin_request()
    theirs.sendall(b"next")
    assert ours.recv(10) == b"next"


def test_one_who_fetches_nothing_is_let_go_of_and_one_who_does_gets_all(pair: Pair) -> None:
    ours, theirs, waits = pair
    ours.sendall(b"x" * 1000)
    assert len(theirs.recv(2000)) == 1000
    with pytest.raises(ConnectionResetError):
        ours.sendall(b"x" * 10_000_000)
    assert waits.count(True) == waits.count(False) > 2


def test_who_sets_a_limit_himself_has_his_own(pair: Pair) -> None:
    ours, _, waits = pair
    ours.settimeout(0.01)
    with pytest.raises(TimeoutError):
        ours.recv(1)
    assert waits == []


def test_half_a_body_is_not_taken_for_a_whole_one(pair: Pair) -> None:
    ours, theirs, _ = pair
    theirs.close()
    assert ours.recv(10) == b""  # between two requests, as ever
    ours.in_body = True
    with pytest.raises(ConnectionResetError):
        ours.recv(10)
