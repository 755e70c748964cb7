"""Records as they may stand when an expectation looks at them, and what it is to say of each."""

from __future__ import annotations

from typing import Any

from histories import CONTRACT, ENTRY, ID, SID, TOKEN, Script, is_new, made, queue, right, send, started, window

from harness.history import key
from harness.history.facts import Facts
from harness.profile import Profile
from harness.scenario.expectations import (
    Expectation,
    Scene,
    accepted,
    acknowledged,
    claimed,
    provider_called,
    queued,
    status,
)

REFUSED = send(started("api", "worker")).drop("database.inserted", "queue.appended")


def scene(script: Script, profile: Profile = CONTRACT) -> Scene:
    history = script.history
    return Scene(script.flow(history), Facts(history), profile)


def asked_twice(*statuses: int) -> Script:
    """A send that was answered more than once."""
    script = REFUSED.change("api.answered", status=statuses[0])
    for said in statuses[1:]:
        script = script.add("api.answered", at=4, keys=[key("token", TOKEN)], operation="send", request=1, status=said)
    return script


def without_a_call(script: Script) -> Script:
    return unsent(script.drop("provider.called", "provider.answered"))


def unsent(script: Script) -> Script:
    """The worker has the message, and its row doesn't say yet that it was sent."""
    return script.drop("database.status", where=is_new("sent"))


def blind(script: Script, source: str) -> Script:
    """Nobody watches this source."""
    return Script([event for event in script.events if event.source != source])


def missed(before: str, source: str, **more: Any) -> Script:
    """A right flow, of which a source missed something before the first event of a kind."""
    return right().insert(before, made("probe.gap", at=0, source=source, reason="it fell behind", **more))


def put_off(number: int) -> Script:
    """A send that the API has asked to wait, so many times."""
    script = REFUSED.change("api.answered", status=429, again_in_s=1.0)
    for again in range(2, number + 1):
        more = {"keys": [key("token", TOKEN)], "operation": "send", "request": again}
        script = script.add("api.requested", at=4, **more)
        script = script.add("api.answered", at=5, status=429, again_in_s=1.0, **more)
    return script


def with_queue(**more: Any) -> Profile:
    return CONTRACT.model_copy(update={"queue": CONTRACT.queue.model_copy(update=more)})


PENDING = send(started("api", "worker"))
NOBODY = send(started("api"))
FAILED = right().change("database.status", is_new("sent"), new="failed")
REPORTED = right().add("callback.sent", at=20, keys=[key("provider", SID)], call="c1", message=SID, report="sent")
NEVER_QUEUED = right().drop("queue.appended", "queue.claimed", "queue.acked", "queue.deleted")
GLANCED = right().change("database.status", is_new("sending"), sampled=True)
TWICE_QUEUED = right().insert(
    "queue.appended", made("queue.appended", at=2, message_id=ID, **{**queue("api-1"), "entry": "entry:2"})
)
TWICE_GIVEN = right().insert("queue.claimed", made("queue.claimed", at=4, keys=[ENTRY], **queue("worker-1")))
TWICE_CALLED = right().insert(
    "provider.called", made("provider.called", at=6, keys=[key("token", TOKEN)], call="twilio/0")
)
TWICE_ACKED = right().insert("queue.acked", made("queue.acked", at=9, keys=[ENTRY], **queue("worker-1")))
HELD = Script([*REFUSED.events, window(1, "hold", "worker", at=4), window(2, "hold", "api", at=5)])
FELL_BEHIND = {"lasting": True, "sampled": True}

CASES: dict[str, tuple[Script, Expectation, str, str, list[str]]] = {
    "accepted": (right(), accepted(), "met", "", ["api.answered 201"]),
    "the last answer counts": (
        asked_twice(422, 500, 400),
        accepted(),
        "impossible",
        "refused the message with 400",
        ["api.answered 400"],
    ),
    "one answer": (asked_twice(422), accepted(), "impossible", "with 422", ["api.answered 422"]),
    "a limit of its rate says nothing": (
        asked_twice(400, 429),
        accepted(),
        "unknowable",
        "rate limiter",
        ["api.answered 429"],
    ),
    "asked to wait": (put_off(3), accepted(), "open", "asked to wait (429)", ["api.answered 429 of 3"]),
    "not answered": (REFUSED.drop("api.answered"), accepted(), "open", "has not answered", []),
    "its answer never came": (
        REFUSED.change("api.answered", status=None, error="ReadError"),
        accepted(),
        "unknowable",
        "never came (ReadError)",
        ["api.answered"],
    ),
    "queued": (TWICE_QUEUED, queued(), "met", "", ["queue.appended entry:2"]),
    "a hold is named": (HELD, queued(), "open", "while the worker is held", []),
    "not queued yet": (PENDING.drop("queue.appended"), queued(), "open", "no entry with its id has been put", []),
    "queued, where nobody watches": (blind(PENDING, "queue"), queued(), "unknowable", "shows queue.appended", []),
    "over, and never queued": (
        NEVER_QUEUED,
        queued(),
        "impossible",
        "the row is sent, and the message was never put on a stream",
        ["database.status sent"],
    ),
    "over, and never seen in the queue": (
        blind(right(), "queue"),
        queued(),
        "unknowable",
        "never put on a stream; but not all was seen: nothing here shows queue.appended",
        ["database.status sent"],
    ),
    "claimed": (TWICE_GIVEN, claimed(), "met", "", [f"queue.claimed {ENTRY}"]),
    "not claimed yet": (PENDING, claimed(), "open", "no worker has been given its entry", []),
    "claimed, where nobody watches": (blind(PENDING, "queue"), claimed(), "unknowable", "shows queue.claimed", []),
    "claimed by nobody": (NOBODY, claimed(), "impossible", "no consumer", []),
    "a status that it has": (right(), status("sent"), "met", "", ["database.status sent"]),
    "a status that it had": (right(), status("pending"), "met", "", ["database.inserted pending"]),
    "a status of its own that it had": (
        right().change("database.status", is_new("sending"), new="on its way"),
        status("on its way"),
        "met",
        "",
        ["database.status on its way"],
    ),
    "a status that may come": (PENDING, status("sent"), "open", "the row is pending", []),
    "a status of no row": (PENDING.drop("database.inserted"), status("sent"), "open", "no row has been seen", []),
    "a status that a worker brings": (NOBODY, status("sent"), "impossible", "no consumer", []),
    "a status that the API brings": (NOBODY.drop("database.inserted"), status("pending"), "open", "no row", []),
    "a status that the provider brings": (NOBODY, status("delivered"), "open", "the row is pending", []),
    "a status that nobody watches": (blind(PENDING, "database"), status("sent"), "unknowable", "database.status", []),
    "a first status that nobody watches": (
        blind(PENDING, "database"),
        status("pending"),
        "unknowable",
        "database.status",
        [],
    ),
    "no failure of what was sent": (
        right(),
        status("failed"),
        "impossible",
        "the row is sent and was never failed",
        ["database.status sent"],
    ),
    "a failure that a report may bring": (REPORTED, status("failed"), "open", "the row is sent", []),
    "a failure that may come": (unsent(right()), status("failed"), "open", "the row is sending", []),
    "a delivery that a report may bring": (right(), status("delivered"), "open", "the row is sent", []),
    "no try that a report brings": (REPORTED, status("retry"), "impossible", "never retry", ["database.status sent"]),
    "no delivery of what failed": (
        FAILED,
        status("delivered"),
        "impossible",
        "never delivered",
        ["database.status failed"],
    ),
    "a status between two looks": (
        GLANCED,
        status("retry"),
        "unknowable",
        "only looked at now and then",
        ["database.status sent"],
    ),
    "called": (right(), provider_called(), "met", "", ["provider.called twilio/1"]),
    "called twice": (
        TWICE_CALLED,
        provider_called(),
        "met",
        "",
        ["provider.called twilio/0", "provider.called twilio/1"],
    ),
    "called as often as expected": (right(), provider_called(times=1), "met", "", ["provider.called twilio/1"]),
    "called, and not all is seen": (
        missed("provider.called", "providers", lasting=True),
        provider_called(),
        "met",
        "",
        ["provider.called twilio/1"],
    ),
    "called so often, and not all is seen": (
        missed("provider.called", "providers", lasting=True),
        provider_called(times=1),
        "unknowable",
        "it fell behind",
        [],
    ),
    "called, where nobody watches": (
        blind(PENDING, "providers"),
        provider_called(),
        "unknowable",
        "shows provider.called",
        [],
    ),
    "not called yet": (PENDING, provider_called(), "open", "0 calls have reached the provider", []),
    "called by nobody": (NOBODY, provider_called(), "impossible", "no consumer", []),
    "refused, so never called": (
        asked_twice(422),
        provider_called(),
        "impossible",
        "the API refused the message",
        ["api.answered 422"],
    ),
    "a rate limiter is no refusal": (asked_twice(429), provider_called(), "open", "0 calls", []),
    "acknowledged without a call": (
        without_a_call(right()),
        provider_called(),
        "impossible",
        "acknowledged, and no",
        [f"queue.acked {ENTRY}"],
    ),
    "called less than expected": (
        right(),
        provider_called(times=2),
        "impossible",
        "the row is sent after 1 calls",
        ["database.status sent"],
    ),
    "called more than expected": (
        right(),
        provider_called(times=0),
        "impossible",
        "1 calls reached the provider, expected 0",
        ["provider.called twilio/1"],
    ),
    "acknowledged": (TWICE_ACKED, acknowledged(), "met", "", [f"queue.acked {ENTRY}"]),
    "not acknowledged yet": (PENDING, acknowledged(), "open", "its entry has not been acknowledged", []),
    "over, and not acknowledged yet": (right().drop("queue.acked"), acknowledged(), "open", "has not been", []),
    "acknowledged by nobody": (NOBODY, acknowledged(), "impossible", "no consumer", []),
    "acknowledged, where nobody watches": (
        blind(PENDING, "queue"),
        acknowledged(),
        "unknowable",
        "shows queue.acked",
        [],
    ),
    "over, and nothing to acknowledge": (
        NEVER_QUEUED,
        acknowledged(),
        "impossible",
        "the row is sent, and nothing was ever queued",
        [],
    ),
    "not queued, and not over": (PENDING.drop("queue.appended"), acknowledged(), "open", "not been acknowledged", []),
    # what a source missed
    "missed before the message": (
        missed("api.requested", "queue").drop("queue.appended"),
        queued(),
        "impossible",
        "never put on a stream",
        ["database.status sent"],
    ),
    "missed right after its begin": (
        missed("database.inserted", "queue").drop("queue.appended"),
        queued(),
        "unknowable",
        "but not all was seen: it fell behind",
        ["database.status sent"],
    ),
    "missed for a while, and may be seen yet": (
        missed("database.inserted", "queue").drop("queue.acked"),
        acknowledged(),
        "open",
        "has not been acknowledged",
        [],
    ),
    "never seen": (
        missed("database.inserted", "queue", lasting=True).drop("queue.acked"),
        acknowledged(),
        "unknowable",
        "it fell behind",
        [],
    ),
    "missed for a while, and then for good": (
        missed("api.answered", "queue", lasting=True)
        .drop("queue.acked")
        .insert("database.inserted", made("probe.gap", at=0, source="queue", reason="it was away")),
        acknowledged(),
        "unknowable",
        "it fell behind",
        [],
    ),
    "seen now and then": (
        missed("database.inserted", "queue", **FELL_BEHIND).drop("queue.acked"),
        acknowledged(),
        "open",
        "has not been acknowledged",
        [],
    ),
}
