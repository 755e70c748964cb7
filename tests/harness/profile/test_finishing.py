"""Which commands finish an entry, as a gate takes them."""

from __future__ import annotations

from harness.profile import Queue


def test_of_several_places_an_entry_leaves_the_last_when_it_is_done() -> None:
    queue = Queue.model_validate({"kind": "rq", "keys": {"email": "mail"}})
    assert queue.taken_keys == ("rq:queue:mail:intermediate", "rq:wip:mail")
    assert queue.finish_commands.keys == ("rq:wip:mail",)
