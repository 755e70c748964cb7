"""A flow told in text: snapshots, since people read them."""

from __future__ import annotations

from histories import made, right, send, started

from harness.history.story import brief, last_words, shorten, tell


def test_a_story_in_the_order_of_time_with_its_witnesses_marked() -> None:
    script = send(started("api", "worker"))
    history = script.history
    events = script.flow(history).events
    assert tell(events, witnesses=[events[2]]) == (
        "       +0.0 ms  api.requested      operation=send\n"
        "       +1.0 ms  database.inserted  new=pending\n"
        "»      +2.0 ms  queue.appended     stream=message_queue:sms id=1-0 process=api-1\n"
        "       +3.0 ms  api.answered       operation=send status=201 message_status=pending"
    )


def test_a_story_may_begin_earlier() -> None:
    assert tell([made("fault.began", at=0, fault="hold", target="worker")], start=999.0) == (
        "    +1000.0 ms  fault.began        fault=hold target=worker"
    )


def test_an_empty_story_says_so() -> None:
    assert tell([]) == "  (nothing was recorded)"
    assert last_words([]) == "  (no source has said anything)"


def test_what_each_source_last_said() -> None:
    assert last_words(right().history.events()) == (
        "  api               -7.0 ms  api.answered operation=send status=201 message_status=pending\n"
        "  database          -2.0 ms  database.status old=sending new=sent\n"
        "  deploy         -1010.0 ms  process.started process=worker-1 pid=1\n"
        "  provider          -3.0 ms  provider.answered status=201 message=SM1\n"
        "  providers      -2010.0 ms  probe.started kinds=provider.called, provider.answered, callback.se\n"
        "  queue             +0.0 ms  queue.deleted stream=message_queue:sms id=1-0 process=worker-1"
    )


def test_long_words_are_shortened_and_empty_ones_left_out() -> None:
    assert shorten("x" * 60) == "x" * 47 + "…"
    assert shorten(["a", "b"]) == "a, b"
    assert brief(made("worker.log", at=0, process="", text=None)) == ""
