"""Bytes on their way to one side: in order, behind gates, and the other side isn't read while too many wait."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import pytest

from harness.wire.direction import MOST_WAITING, Direction


class Way:
    """One side of a connection, as asyncio has it: what was done to it, in order."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.closing = False
        self.socket: socket.socket | None = None

    def write(self, data: bytes) -> None:
        self.done.append(f"write {data.decode() if len(data) < 100 else len(data)}")

    def write_eof(self) -> None:
        self.done.append("end")

    def close(self) -> None:
        self.closing = True
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def get_extra_info(self, name: str) -> socket.socket | None:
        assert name == "socket"
        return self.socket


class Gate:
    def __init__(self, number: int) -> None:
        self.number = number
        self.release: list[Callable[[], None]] = []

    def open(self) -> None:
        for let_go in self.release:
            let_go()


def pair() -> tuple[Direction, Way, Way]:
    """A direction to one side, that side, and the side from which it comes."""
    direction, source = Direction(), Direction()
    to, come_from = Way(), Way()
    source.connect(come_from)
    direction.source = source
    direction.connect(to)
    return direction, to, come_from


def test_bytes_pass_in_order_and_wait_for_a_connection() -> None:
    direction, way = Direction(), Way()
    direction.send(b"a")
    direction.send(b"b")
    direction.connect(way)
    direction.send(b"c")
    assert way.done == ["write ab", "write c"]


def test_an_end_and_a_close_wait_for_the_connection_and_for_what_was_said() -> None:
    direction, way = Direction(), Way()
    direction.send(b"a")
    direction.end()
    direction.close()
    direction.connect(way)
    assert way.done == ["write a", "end", "close"]
    direction.end()
    direction.close()
    assert way.done == ["write a", "end", "close"], "once"


def test_an_end_is_passed_on_once_whatever_is_done_after_it() -> None:
    direction, way, _ = pair()
    direction.end()
    direction.end()
    direction.close()
    assert way.done == ["end", "close"]


def test_a_gate_holds_all_that_comes_and_the_last_one_lets_go() -> None:
    direction, way, _ = pair()
    first, second = Gate(1), Gate(2)
    for gate in (first, second, first):
        direction.hold(gate)
    assert (direction.held, len(first.release)) == ({1, 2}, 1)
    direction.send(b"a")
    direction.end()
    first.open()
    assert (way.done, direction.held) == ([], {2})
    second.open()
    assert (way.done, direction.held) == (["write a", "end"], frozenset())


def test_what_a_gate_withholds_can_be_lost() -> None:
    direction, way, _ = pair()
    direction.hold(Gate(1))
    direction.send(b"a")
    direction.drop_withheld()
    direction.send(b"b")
    assert (way.done, direction.held) == (["write b"], frozenset())


def test_who_has_gone_is_told_nothing_more() -> None:
    direction, way, _ = pair()
    direction.hold(Gate(1))
    direction.send(b"a")
    direction.abandon()
    direction.send(b"b")
    direction.close()
    assert way.done == ["close"], "also behind a gate"


@pytest.mark.parametrize(("waiting", "paused"), [(MOST_WAITING, False), (MOST_WAITING + 1, True)])
def test_a_side_is_not_read_while_more_waits_than_fits(waiting: int, paused: bool) -> None:
    direction, way, come_from = pair()
    gate = Gate(1)
    direction.hold(gate)
    direction.send(b"x" * (waiting - 1))
    assert come_from.done == []
    direction.send(b"x")
    assert come_from.done == (["pause"] if paused else [])
    direction.send(b"")
    gate.open()
    assert come_from.done == (["pause", "resume"] if paused else [])
    assert way.done == [f"write {waiting}"]


def test_what_waits_is_counted_anew_after_it_has_gone() -> None:
    direction, _, come_from = pair()
    for _ in range(3):
        gate = Gate(1)
        direction.hold(gate)
        direction.send(b"x" * MOST_WAITING)
        gate.open()
    direction.hold(Gate(1))
    direction.send(b"x" * MOST_WAITING)
    direction.drop_withheld()
    direction.hold(Gate(1))
    direction.send(b"x" * MOST_WAITING)
    assert come_from.done == []


def test_a_full_side_pauses_the_other_until_all_have_room() -> None:
    direction, _, come_from = pair()
    for full, by in ((True, "the transport"), (True, "the transport"), (True, "the line"), (False, "the transport")):
        direction.full(full, by=by)
    assert come_from.done == ["pause"]
    direction.full(False, by="the line")
    direction.full(False, by="the line")
    assert come_from.done == ["pause", "resume"]


def test_a_side_that_has_ended_or_closes_is_not_read_again() -> None:
    direction, _, come_from = pair()
    direction.full(True)
    direction.end()
    direction.full(False)
    assert come_from.done == ["pause"]
    other, _, closing = pair()
    closing.closing = True
    other.full(True)
    assert closing.done == []
    Direction().full(True)  # nobody is at the other end yet


def test_an_abandoned_side_lets_the_other_be_read_to_its_end() -> None:
    direction, _, come_from = pair()
    direction.hold(Gate(1))
    direction.send(b"x" * (MOST_WAITING + 1))
    direction.full(True)
    direction.abandon()
    assert come_from.done == ["pause", "resume"]


def test_a_side_that_closes_is_written_to_no_more() -> None:
    direction, way, _ = pair()
    gate = Gate(1)
    direction.hold(gate)
    direction.send(b"a")
    way.closing = True
    direction.end()
    direction.close()
    gate.open()
    assert way.done == []


def linger(way: socket.socket) -> tuple[int, int]:
    """Whether closing waits, and for how many seconds."""
    on, seconds = struct.unpack("ii", way.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.calcsize("ii")))
    return on, seconds


def test_a_torn_connection_ends_at_once_by_a_reset_where_wanted() -> None:
    direction, way, _ = pair()
    near, far = socket.socketpair()
    with near, far:
        way.socket = near
        before = linger(near)
        direction.tear(reset=False)
        assert linger(near) == before
        direction.tear(reset=True)
        assert linger(near) == (1, 0), "what a reset is asked for by"
    assert way.done == ["abort", "abort"]
    Direction().tear(reset=True)  # there is no connection yet
