"""Whether content arrives as it was sent, judged of histories made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from histories import ID, MESSAGE, TOKEN, Script, made, right, send, started
from judging import called_again

from harness.checks import arrives_as_sent, kept_as_received, shown_as_sent
from harness.checks.verdict import Verdict
from harness.history import key
from harness.profile import Profile, parse
from harness.scenario.messages import Message

SHOWS = {"from": "/from", "to": "/to", "body": "/body", "attachments": "/a", "metadata": "/m", "files": "/f"}
SHOWN = {"from": MESSAGE.sender, "to": MESSAGE.to, "body": MESSAGE.body}


def profile(**tables: Any) -> Profile:
    claims = {"channels": ["sms", "email"], "webhooks": True}
    table = {"processes": {"api": {"command": ["x"]}}, "claims": claims, "look": {"shows": SHOWS}, **tables}
    return parse(table, source="x", environ={})


def arrived(script: Script, own: Profile | None = None, *, messages: tuple[Message, ...] = (MESSAGE,)) -> Verdict:
    return arrives_as_sent(script.history, own or profile(), messages=messages)


def refused(script: Script, status: int | None) -> Script:
    return script.change("api.answered", status=status, accepted=False)


def test_what_the_call_carries_is_what_was_sent() -> None:
    assert arrived(right()).outcome == "pass"


def test_the_first_call_of_a_message_shows_what_it_carried() -> None:
    verdict = arrived(called_again(right()))
    assert verdict.outcome == "pass"
    assert [event.data["call"] for event in verdict.witnesses] == ["twilio/1"]


@pytest.mark.parametrize("text", [f" {MESSAGE.body}", f"{MESSAGE.body} ", MESSAGE.body.upper(), TOKEN, ""])
def test_what_differs_fails_and_both_are_told(text: str) -> None:
    verdict = arrived(right().change("provider.called", params={"Body": text}))
    assert (verdict.outcome, verdict.reason) == ("fail", f"the call carried {text!r}, expected {MESSAGE.body!r}")


def test_a_profile_that_names_no_channels_may_be_of_a_stack_that_adds_something() -> None:
    script = right().change("provider.called", params={"Body": f"{MESSAGE.body} -- ACME"})
    verdict = arrived(script, profile(claims={}))
    assert verdict.outcome == "unknown"
    assert "[claims] channels" in verdict.remedy


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        (422, "unknown", "none was carried, 1 were refused"),
        (500, "unknown", "the API answers 500 to 'hello '"),
        (429, "unknown", "it answered 429"),
        (None, "unknown", "the API's answer never came"),
    ],
)
def test_what_isnt_taken_proves_nothing(status: int | None, outcome: str, reason: str) -> None:
    verdict = arrived(refused(send(started("api", "worker")), status))
    assert verdict.outcome == outcome
    assert reason in verdict.reason


def others(number: int, *, status: int) -> tuple[Script, tuple[Message, ...]]:
    """A message that is carried, and the same text so many times more, each answered so."""
    script, messages = right(), [MESSAGE]
    for n in range(number):
        token = f"#h00000000{n:02}"
        messages.append(replace(MESSAGE, token=token, body=f"other {token}"))
        keys = [key("token", token)]
        script = script.add("api.requested", at=90 + n, keys=keys, operation="send", request=10 + n)
        answer = {"operation": "send", "request": 10 + n, "status": status, "accepted": False}
        script = script.add("api.answered", at=91 + n, keys=keys, **answer)
    return script, tuple(messages)


@pytest.mark.parametrize(
    ("number", "status", "outcome"), [(1, 422, "pass"), (3, 422, "pass"), (2, 500, "unknown"), (3, 500, "fail")]
)
def test_an_error_each_time_is_no_refusal(number: int, status: int, outcome: str) -> None:
    script, messages = others(number, status=status)
    verdict = arrived(script, messages=messages)
    assert verdict.outcome == outcome, verdict.story()
    if outcome == "fail":
        assert "the API answers 500 to 'other '" in verdict.reason


def test_a_message_without_a_call_is_not_known_to_have_arrived() -> None:
    script = right().drop("provider.called", "provider.answered")
    assert arrived(script).outcome == "unknown"


# mails

MAIL = Message(
    type="email",
    sender="service@example.com",
    to="a+b@example.com",
    body=f"hello {TOKEN}",
    token=TOKEN,
    subject="About  \u00e9 <b>",
    html=f"<p>hello &amp; {TOKEN}</p>",
    reply_to='"Lee, Ann" <ann+re@example.com>',
    attachments=("https://example.com/a%20b.png?x=1&y=2",),
)
NAMES = ("from", "to", "body", "subject", "html", "reply_to", "attachments")
TOLD = {"send": {"body": {name: f"{{{name}}}" for name in NAMES}}}
PARAMS: dict[str, Any] = {
    "personalizations": [{"to": [{"email": MAIL.to}]}],
    "from": {"email": MAIL.sender},
    "subject": MAIL.subject,
    "content": [
        {"type": "text/plain", "value": f"{MAIL.body}\n\n{MAIL.attachments[0]}"},
        {"type": "text/html", "value": f"<html><body>{MAIL.html}</body></html>"},
    ],
    "reply_to": {"email": "ann+re@example.com", "name": "Lee, Ann"},
}


def mailed(**params: Any) -> Script:
    addresses = {"to": [MAIL.to], "from": MAIL.sender}
    kept = {name: value for name, value in {**PARAMS, **params}.items() if value is not None}
    return right().change("provider.called", provider="sendgrid", params=kept, **addresses)


def content(plain: str | None = None, html: str | None = None) -> dict[str, Any]:
    parts = [("text/plain", plain), ("text/html", html)]
    return {"content": [{"type": kind, "value": value} for kind, value in parts if value is not None]}


PLAIN, HTML = (part["value"] for part in PARAMS["content"])
ATTACHED = {"attachments": [{"filename": "a b.png", "content": "eA=="}]}


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({}, ""),
        ({"subject": None, "personalizations": [{"to": [{"email": MAIL.to}], "subject": MAIL.subject}]}, ""),
        ({"subject": "A message"}, "the mail's subject is 'A message', expected "),
        ({"subject": None}, "the mail's subject is ''"),
        ({"subject": "About  \u00e9 &lt;b&gt;"}, "the mail's subject is"),
        (content(PLAIN), "the mail has no HTML part"),
        (content(PLAIN, f"<p>hello &#38;\n{TOKEN}</p>"), ""),
        (content(PLAIN, "&lt;p&gt;hello &amp;amp; " + TOKEN + "&lt;/p&gt;"), "the mail's HTML is"),
        (content(PLAIN, f"hello &amp; {TOKEN}"), "the mail's HTML is"),
        (content(None, f"{HTML}{MAIL.attachments[0]}"), "neither the mail's HTML nor a plain part beside it carries"),
        (content(None, f"{HTML}<pre>{PLAIN}</pre>"), ""),  # what reads as the text carries it
        (content(MAIL.body, MAIL.html), "the mail carries neither https://example.com/a%20b.png"),
        ({**content(MAIL.body, MAIL.html), **ATTACHED}, ""),
        (content(f"{MAIL.body}.\n{PLAIN}", HTML), ""),
        (content(f" {PLAIN}", HTML), "the call carried"),
        ({"reply_to": None}, "the mail says nothing of where answers go"),
        ({"reply_to": None, "reply_to_list": [PARAMS["reply_to"]]}, ""),
        ({"reply_to": {"email": "ann@example.com", "name": "Lee, Ann"}}, "answers to the mail go to ann@example.com"),
        ({"reply_to": {"email": "ann+re@example.com", "name": "Lee"}}, "to one called 'Lee', expected 'Lee, Ann'"),
    ],
)
def test_a_mail_has_all_that_it_was_sent_with(params: Mapping[str, Any], reason: str) -> None:
    verdict = arrived(mailed(**params), profile(**TOLD), messages=(MAIL,))
    assert verdict.outcome == ("fail" if reason else "pass"), verdict.story()
    assert reason in verdict.reason


def test_answers_go_to_whom_another_mail_named_only_by_mistake() -> None:
    """A stack may have an address of its own for answers, but none that only another mail was sent with."""
    silent, own = replace(MAIL, reply_to=None), profile(**TOLD)
    other = replace(MAIL, token="#h9999999999", body="other #h9999999999", reply_to="Ann <ann+re@example.com>")
    verdict = arrived(mailed(), own, messages=(silent, other))
    assert (verdict.outcome, "ann+re@example.com, which only another" in verdict.reason) == ("fail", True)
    ours = mailed(reply_to={"email": "answers@example.com"})
    for script in (ours, mailed(reply_to=None), mailed(reply_to="answers@example.com")):
        assert arrived(script, own, messages=(silent,)).outcome == "pass"
        assert "which only another" not in arrived(script, own, messages=(silent, other)).story()


def test_a_subject_that_is_added_to_may_be_meant_so() -> None:
    added = mailed(subject=f"[ACME] {MAIL.subject}")
    verdict = arrived(added, profile(**TOLD), messages=(MAIL,))
    assert verdict.outcome == "unknown"
    assert "[messages] changes" in verdict.remedy
    assert arrived(added, profile(**TOLD, messages={"changes": ["email"]}), messages=(MAIL,)).outcome == "pass"


def test_a_name_that_is_left_out_may_be_meant_so() -> None:
    verdict = arrived(mailed(reply_to={"email": "ann+re@example.com"}), profile(**TOLD), messages=(MAIL,))
    assert verdict.outcome == "unknown"
    assert "an address alone" in verdict.remedy


def test_what_a_stack_isnt_told_isnt_asked_of_its_mails() -> None:
    own = profile(send={"body": {"to": "{to}", "text": "{body}"}})
    script = mailed(subject="Ours", reply_to=None, **content(MAIL.body))
    assert arrived(script, own, messages=(MAIL,)).outcome == "pass"


# what the API shows


def looked(script: Script, **shown: Any) -> Script:
    return script.add("api.answered", at=99, message_id=ID, operation="get", status=200, shown=shown)


def kept(script: Script, message: Message = MESSAGE, own: Profile | None = None) -> Verdict:
    return shown_as_sent(script.history, own or profile(), messages=[message])


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (SHOWN, ""),
        ({**SHOWN, "attachments": [], "metadata": {}}, ""),
        ({**SHOWN, "to": "(206) 555-0100"}, ""),
        ({**SHOWN, "body": MESSAGE.body + " "}, "the API shows its body as"),
        ({**SHOWN, "to": "+12065550199"}, "the API shows its to as"),
        ({**SHOWN, "attachments": ["https://example.com/a.png"]}, "the API shows its attachments as"),
        ({"to": MESSAGE.to}, "the API doesn't show its body"),
    ],
)
def test_what_is_shown_is_what_was_sent(shown: Mapping[str, Any], reason: str) -> None:
    verdict = kept(looked(right(), **shown))
    assert verdict.outcome == ("fail" if reason else "pass"), verdict.story()
    assert reason in verdict.reason
    by_default = kept(looked(right(), **shown), own=profile(look={}))
    assert by_default.outcome != "fail", "a profile that doesn't say what is shown where is of any stack"


@pytest.mark.parametrize(
    ("metadata", "outcome"),
    [
        ({"a": 1, "b": ["\u00e9", None]}, "pass"),
        ({"a": 1, "b": ["\u00e9", None], "more": 2}, "pass"),
        ({"a": "1", "b": ["\u00e9", None]}, "fail"),
        ({"a": 1}, "fail"),
        ({}, "fail"),
    ],
)
def test_what_goes_with_a_message_is_all_there(metadata: dict[str, Any], outcome: str) -> None:
    sent = replace(MESSAGE, metadata={"a": 1, "b": ["\u00e9", None]})
    assert kept(looked(right(), **SHOWN, metadata=metadata), sent).outcome == outcome


def test_what_a_stack_changes_on_purpose_may_be_shown_either_way() -> None:
    own = profile(messages={"changes": ["sms"]})
    assert kept(looked(right(), **{**SHOWN, "body": f"Dear Sir, {TOKEN}"}), own=own).outcome == "pass"
    assert kept(looked(right(), **{**SHOWN, "body": "Dear Sir"}), own=own).outcome == "fail"


def test_a_look_that_shows_nothing_proves_nothing() -> None:
    verdict = kept(looked(right()))
    assert verdict.outcome == "unknown"
    assert "[look] shows" in verdict.remedy


@dataclass(frozen=True)
class Came:
    """A message that came in."""

    parts: Mapping[str, Any] = field(default_factory=dict)
    provider_id: str = "SM9"
    says: str = ""


MEDIA = ["https://example.com/1.png", "https://example.com/2.png"]
HOSTED = [{"id": 1, "url": "/media/1"}, {"id": 2, "url": "/media/2"}]


@pytest.mark.parametrize(
    ("part", "sent", "shown", "outcome"),
    [
        ("body", " a ", " a ", "pass"),
        ("body", " a ", "a", "fail"),
        ("from", "ann+b@example.com", "Ann <ANN+b@example.com>", "pass"),
        ("from", "ann+b@example.com", "ann@example.com", "fail"),
        ("attachments", MEDIA, MEDIA, "pass"),
        ("attachments", MEDIA, [{"url": url, "type": "image/png"} for url in MEDIA], "pass"),
        ("attachments", MEDIA, HOSTED, "pass"),
        ("attachments", MEDIA, HOSTED[:1], "fail"),
        ("attachments", MEDIA, MEDIA[:1], "fail"),
        ("attachments", MEDIA, MEDIA[::-1], "fail"),
        ("attachments", MEDIA, None, "fail"),
        ("files", ["a.txt"], [{"name": "a.txt", "size": 1}], "pass"),
        ("files", ["a.txt", "b.txt"], [{"name": "a.txt"}], "fail"),
        ("files", ["a.txt"], None, "fail"),
    ],
)
def test_what_came_in_is_shown_as_it_came(part: str, sent: Any, shown: Any, outcome: str) -> None:
    answered = made("callback.answered", at=1, keys=[key("provider", "SM9")], status=200, what="inbound")
    row = made("database.inserted", at=2, keys=[key("provider", "SM9")], message_id=ID, new="received")
    own = {name: value for name, value in {part: shown, "to": "+12025550123"}.items() if value is not None}
    script = looked(Script([*started("api").events, answered, row]), **own)
    came = Came({part: sent, "to": "+1 202 555 0123"})
    verdict = kept_as_received(script.history, profile(), messages=[came])
    assert verdict.outcome == outcome, verdict.story()


@pytest.mark.parametrize(
    ("text", "shows", "outcome"),
    [
        ({"html": "<p>a word</p>"}, SHOWS, "pass"),  # wherever a stack keeps it
        ({"html": "<p></p>"}, SHOWS, "fail"),
        ({"html": "x" * 4000}, SHOWS, "pass"),  # the rest of it isn't seen
        ({"html": ""}, {"from": "/from"}, "pass"),  # nobody said that it shows texts
    ],
)
def test_what_came_in_says_its_word_somewhere(text: dict[str, str], shows: dict[str, str], outcome: str) -> None:
    answered = made("callback.answered", at=1, keys=[key("provider", "SM9")], status=200, what="inbound")
    row = made("database.inserted", at=2, keys=[key("provider", "SM9")], message_id=ID, new="received")
    script = looked(Script([*started("api").events, answered, row]), **{"from": "+12065550100"})
    script = script.change("api.answered", text=json.dumps(text))
    came = Came({"from": "+12065550100"}, says="a word")
    verdict = kept_as_received(script.history, profile(look={"shows": shows}), messages=[came])
    assert (verdict.outcome, "'a word' somewhere" in verdict.reason) == (outcome, outcome == "fail"), verdict.story()


def test_of_many_that_came_in_the_worst_is_told_first_and_none_stored_is_no_evidence() -> None:
    """Four of which nothing is known, and one that was refused as often as it came."""
    script, came = started("api", "worker"), [Came(provider_id=f"SM{n}") for n in range(5)]
    for n, one in enumerate(came):
        status = 404 if n == 4 else None
        keys, more = [key("provider", one.provider_id)], {"what": "inbound", "status": status}
        script = script.add("callback.sent", at=n, keys=keys, what="inbound", message=one.provider_id)
        script = script.add("callback.answered", at=n + 0.5, keys=keys, **more)
    verdict = kept_as_received(script.history, profile(), messages=came)
    assert (verdict.outcome, "stored once each" in str(verdict)) == ("fail", False), verdict.story()
    assert verdict.reason == "a delivery was answered 404"
