"""One text that is sent twice without a key, judged of histories made by hand."""

from __future__ import annotations

from histories import ID, MESSAGE, Script, right
from judging import PROFILE, UNANSWERED, Case, blind, called_again, cases, expect

from harness.checks import each_is_sent
from harness.history import key

OTHER = "99999999-2222-4333-8444-555555555555"


def said_twice(*, named: str | None = OTHER, calls: int = 2, status: str = "sent") -> Script:
    """One text that was sent twice without a key: the second answered with the id `named`, and called for or not."""
    token = [key("token", MESSAGE.token)]
    script = called_again(right()) if calls == 2 else right()
    script = script.add("api.requested", at=30, keys=token, operation="send", channel="sms", request=2)
    if named == OTHER:
        script = script.add("database.inserted", at=31, keys=token, message_id=OTHER, sequence=9, new="pending")
        script = script.add("database.status", at=33, message_id=OTHER, sequence=10, old="pending", new=status)
    return script.add("api.answered", at=32, keys=token, message_id=named, operation="send", request=2, status=201)


TWICE_SAID: dict[str, Case] = {
    "each is sent": (said_twice(), PROFILE, "pass", "2 taken, 2 sent"),
    "taken for one, and said so": (said_twice(named=ID, calls=1), PROFILE, "pass", "1 taken, 1 sent"),
    "one of them is kept back": (said_twice(calls=1), PROFILE, "fail", "2 messages of the same text were taken, and 1"),
    "not yet": (said_twice(calls=1, status="sending"), PROFILE, "unknown", "and 1 sent yet"),
    "one of them has failed": (said_twice(calls=1, status="failed"), PROFILE, "unknown", "and 1 sent yet"),
    "nobody sees a call": (blind(said_twice(calls=1)), PROFILE, "unknown", "2 messages of the same text"),
    "not taken": (UNANSWERED, PROFILE, "unknown", "has not answered"),
}


@cases(TWICE_SAID)
def test_of_two_that_say_the_same_each_is_sent(case: Case) -> None:
    expect(each_is_sent, case)
