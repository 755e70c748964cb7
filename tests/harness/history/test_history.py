"""The record: correlation whatever the order of arrival, and waits that an arriving event ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import Event, History, key


def groups(history: History, names: set[str]) -> set[frozenset[str]]:
    """Which keys the history holds to be one flow."""
    return {frozenset(other for other in names if history.same_flow(name, other)) for name in names}


def closure(links: Sequence[tuple[str, ...]]) -> set[frozenset[str]]:
    """The same by brute force: each link swallows the sets that it overlaps."""
    sets: list[frozenset[str]] = []
    for link in links:
        touched = [known for known in sets if known & set(link)]
        sets = [known for known in sets if known not in touched] + [frozenset(link).union(*touched)]
    return set(sets)


LINKS = st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3, unique=True).map(tuple), min_size=1)


@given(LINKS, st.randoms())
def test_correlation_does_not_depend_on_the_order_of_arrival(links: list[tuple[str, ...]], random: object) -> None:
    shuffled = list(links)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # reason: Hypothesis types its random as object
    history = History()
    for link in shuffled:
        history.append("worker.log", source="s", keys=link)
    names = {name for link in links for name in link}
    assert groups(history, names) == closure(links)
    for name in names:
        flow = history.flow(name)
        assert [event.seq for event in flow] == sorted(
            event.seq for event in history.events() if any(history.same_flow(name, k) for k in event.keys)
        )


def test_a_later_event_joins_two_flows() -> None:
    history = History()
    call = history.append("provider.called", source="p", keys=["token:x"])
    row = history.append("database.inserted", source="d", message_id="m1")
    assert history.flow("token:x") == [call]
    answer = history.append("api.answered", source="a", message_id="m1", keys=["token:x"])
    assert history.flow("token:x") == [call, row, answer] == history.flow(key("message", "m1"))
    assert history.same_flow("token:x", key("message", "m1"))


def test_an_unknown_key_has_no_flow() -> None:
    assert History().flow("token:none") == []


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown kind of event 'queue\.apended'; known are"):
        History().append("queue.apended", source="s")


def test_events_by_kind_and_place() -> None:
    history = History()
    for kind in ("queue.acked", "queue.deleted", "queue.acked", "worker.log"):
        history.append(kind, source="s")
    assert [e.seq for e in history.events("queue.acked")] == [0, 2]
    assert [e.seq for e in history.events("queue.acked", "queue.deleted", after=1)] == [1, 2]
    assert [e.seq for e in history.events(after=2)] == [2, 3]
    assert len(history) == 4
    assert history.last is not None
    assert history.last.kind == "worker.log"
    assert History().last is None


def test_message_ids_in_order_of_first_sight() -> None:
    history = History()
    for name in ("b", "a", "b"):
        history.append("worker.log", source="s", message_id=name)
    assert history.flow_ids() == ["b", "a"]


def test_an_event_can_not_be_changed() -> None:
    event = History().append("worker.log", source="s", data={"text": "x"})
    with pytest.raises(TypeError):
        event.data["text"] = "y"  # type: ignore[index]  # reason: that it is refused is what is tested


def test_what_already_happened_counts() -> None:
    history = History()
    first = history.append("queue.acked", source="s")
    assert history.wait_for(lambda event: event.kind == "queue.acked", within=0) is first


def test_only_what_comes_after_the_place_counts() -> None:
    history = History()
    history.append("queue.acked", source="s")
    second = history.append("queue.acked", source="s")
    assert history.wait_for(lambda event: event.kind == "queue.acked", within=0, after=1) is second
    assert history.wait_for(lambda event: event.kind == "queue.acked", within=0, after=2) is None


def test_a_deadline_ends_a_wait_whose_look_adds_to_the_history() -> None:
    """A look that asks the API records its question: that is an arrival, and must not keep the wait going."""
    history = History()

    def look() -> None:
        history.append("api.requested", source="api")
        assert time.monotonic() < deadline + 5, "the wait goes on after its deadline"

    deadline = time.monotonic() + 0.05
    assert history.wait_until(look, deadline=deadline) is None


def test_a_deadline_ends_a_wait() -> None:
    began = time.monotonic()
    assert History().wait_for(lambda _: True, within=0.05) is None
    assert 0.05 <= time.monotonic() - began < 5


def test_an_event_of_another_thread_ends_a_wait() -> None:
    history = History()
    looked = threading.Event()

    def match(event: Event) -> bool:
        looked.set()
        return event.kind == "queue.acked"

    def speak() -> None:
        assert looked.wait(10)  # the wait has begun
        history.append("queue.acked", source="s")

    thread = threading.Thread(target=speak)
    thread.start()
    history.append("worker.log", source="s")
    found = history.wait_for(match, within=10)
    thread.join()
    assert found is not None
    assert found.kind == "queue.acked"


def test_many_threads_append_and_nothing_is_lost() -> None:
    history = History()
    heard: list[int] = []
    history.listen(lambda event: heard.append(event.seq))

    def speak(number: int) -> None:
        for _ in range(200):
            history.append("worker.log", source=f"s{number}", keys=[f"k:{number}"])

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in history.events()] == list(range(1600))
    assert sorted(heard) == list(range(1600))
    assert all(len(history.flow(f"k:{number}")) == 200 for number in range(8))


def test_the_clocks_are_kept_apart() -> None:
    history = History()
    event = history.append("queue.acked", source="s", at=12.5)
    assert event.at == 12.5
    assert abs(event.seen - time.monotonic()) < 10
    assert abs(history.append("queue.acked", source="s").at - time.time()) < 10


def length_of(history: History) -> list[int]:
    return [len(history)]


def test_what_was_made_of_a_history_is_kept_until_it_grows() -> None:
    history = History()
    history.append("queue.acked", source="s")
    first = history.kept(length_of)
    assert first == [1]
    assert history.kept(length_of) is first
    history.append("queue.acked", source="s")
    assert history.kept(length_of) == [2]


def test_times_are_kept_as_a_file_keeps_them() -> None:
    """What is judged now, and of the file later, is judged by the same numbers."""
    history = History()
    event = history.append("queue.acked", source="s", at=12.123456789)
    assert event.at == 12.123457
    assert event.seen == round(event.seen, 6)
    history.read_to_end(event.seen + 1.00000049)
    assert history.until == round(event.seen + 1, 6)


def test_a_recorded_history_may_grow_by_what_else_was_recorded() -> None:
    source = History()
    events = [source.append("queue.acked", source="s", keys=["k:1"]) for _ in range(5)]
    history = History.of(events[:2])
    history.extend(events[2:])
    assert [event.seq for event in history.events()] == [0, 1, 2, 3, 4]
    assert history.flow("k:1") == history.events()
