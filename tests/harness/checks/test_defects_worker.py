"""Seeded bad histories: what a worker does wrong."""

from __future__ import annotations

import json
from dataclasses import replace

from histories import (
    ENTRY,
    ID,
    MESSAGE,
    SID,
    START,
    Script,
    is_new,
    made,
    queue,
    right,
    send,
    started,
    window,
)
from judging import (
    FAILED_ROW,
    FINISH_FIRST,
    GAVE_UP,
    INLINE,
    ONCE,
    PENDING,
    PROFILE,
    REFUSED,
    SILENT,
    UNGROUPED,
    Case,
    blind,
    called_again,
    cases,
    expect,
    no_consumer,
    second_entry,
    second_entry_gone,
)

from harness.checks import worker_processed
from harness.history import key


def disturbed(script: Script) -> Script:
    began, ended = window(5, "kill", "worker", at=7.5), window(5, "kill", "worker", at=7.6, ended=True)
    return script.insert("queue.acked", began).insert("queue.acked", ended)


def tried_again(script: Script, *, first: int, at: float = 5.6, **more: object) -> Script:
    """A call before the script's own, answered with the status `first`."""
    token, call = key("token", MESSAGE.token), key("call", "twilio", 0)
    own = next(event for event in script.events if event.kind == "provider.called")
    called = replace(own, at=START + at / 1000, data={**own.data, "call": "twilio/0"}, keys=(call, token))
    answered = made(
        "provider.answered", at=at + 0.1, keys=[call], call="twilio/0", status=first, accepted=False, **more
    )
    return script.insert("provider.called", called).insert("provider.called", answered)


MAIL = right().change(
    "provider.called", provider="sendgrid", params={"content": [{"type": "text/plain", "value": MESSAGE.body}]}
)


def mail(html: str, **more: object) -> Script:
    """A mail with a plain part and one of HTML."""
    content = [{"type": "text/plain", "value": MESSAGE.body}, *([{"type": "text/html", "value": html}] if html else [])]
    return MAIL.change("provider.called", params={"content": content, **more})


def mailed(*, to: str = MESSAGE.to, content: object = None, template_id: str = "", **block: object) -> Script:
    """A mail with one personalization, which goes to `to`."""
    params = {"personalizations": [{"to": [{"email": to}], **block}]}
    params |= {name: one for name, one in (("content", content), ("template_id", template_id)) if one}
    return MAIL.change("provider.called", params=params)


def contents(variables: str) -> Script:
    """A text of which the call has only what fills a template."""
    params = {"ContentSid": "HX1", "ContentVariables": variables}
    return right().change("provider.called", params=params)


COPIED = MAIL.change("provider.called", to=[MESSAGE.to, "eve@example.com"])
PICTURED = right().change("provider.called", params={"Body": MESSAGE.body, "MediaUrl": ["https://x/y.png"]})
KILL = window(5, "kill", "worker", at=5.8), window(5, "kill", "worker", at=5.9, ended=True)
EAGER = right().change("queue.acked", at=5.5)
UNENDED = disturbed(right()).drop("queue.acked").drop("queue.deleted").events
PROCESSED: dict[str, Case] = {
    "not accepted": (REFUSED, PROFILE, "unknown", "did not accept"),
    "providers not seen": (blind(right()), PROFILE, "unknown", "nothing here shows provider.called"),
    "nothing queued": (INLINE, PROFILE, "unknown", "nothing for a worker to take"),
    "no worker ever": (send(started("api")), PROFILE, "fail", "no consumer: no worker was ever started"),
    "worker dead": (no_consumer(PENDING), PROFILE, "fail", "no consumer: worker-1"),
    "failed": (FAILED_ROW, PROFILE, "fail", "it failed after 1 calls"),
    "acknowledged without a call": (
        right().drop("provider.called", "provider.answered").drop("database.status"),
        PROFILE,
        "fail",
        "acknowledged, and no provider was called",
    ),
    "unfinished": (PENDING, PROFILE, "unknown", "still pending after 0 calls"),
    "moved back": (
        right()
        .add("database.status", at=30, message_id=ID, sequence=9, old="sent", new="pending")
        .add("database.status", at=31, message_id=ID, sequence=10, old="pending", new="sent"),
        PROFILE,
        "fail",
        "forward-only: it moved back",
    ),
    "not earned": (right().change("provider.answered", at=20), PROFILE, "fail", "sent-is-earned: it was `sent`"),
    "wrong recipient": (right().change("provider.called", to=["+1999"]), PROFILE, "fail", "the call went to ['+1999']"),
    "wrong sender": (
        right().change("provider.called", **{"from": "+1888"}),
        PROFILE,
        "fail",
        "the call came from +1888",
    ),
    "wrong body": (
        right().change("provider.called", params={"Body": ["cut"]}),
        PROFILE,
        "fail",
        "the call carried 'cut'",
    ),
    "no body": (right().change("provider.called", params=None), PROFILE, "fail", "the call carried ''"),
    "mail": (MAIL, PROFILE, "pass", "accepted 1"),
    "a copy to a stranger": (COPIED, PROFILE, "fail", "the call went to ['+12065550100', 'eve@example.com']"),
    "a copy of its own": (COPIED, SILENT, "unknown", "the call went to"),
    "mail in two forms": (mail(f"<p>{MESSAGE.body.replace(' ', '<br>')}</p>"), PROFILE, "pass", "accepted 1"),
    "mail with another's text in its HTML": (
        mail("<p>not yours</p>"),
        PROFILE,
        "fail",
        "'<p>not yours</p>' as text/html",
    ),
    "mail with an attachment": (
        mail("", attachments=[{"filename": "bill.pdf"}]),
        PROFILE,
        "fail",
        "the call carried media ['bill.pdf'], expected []",
    ),
    "a picture that nobody sent": (
        PICTURED,
        PROFILE,
        "fail",
        "the call carried media ['https://x/y.png'], expected []",
    ),
    "a picture of its own": (PICTURED, SILENT, "unknown", "the call carried media"),
    "called again after it was refused for good": (
        tried_again(right(), first=400),
        PROFILE,
        "fail",
        "it was called again after 400",
    ),
    "called again after it was refused for good, in a channel that nobody claims": (
        tried_again(right(), first=400),
        SILENT,
        "fail",
        "it was called again after 400",
    ),
    "called again after a timeout of the provider": (tried_again(right(), first=408), PROFILE, "pass", "calls 2"),
    "called again by who can't have heard": (
        tried_again(right(), first=400, outcome="cut"),
        PROFILE,
        "pass",
        "calls 2, accepted 1",
    ),
    "called again by who had given up": (
        tried_again(right(), first=400, elapsed_ms=2500),
        PROFILE,
        "pass",
        "calls 2, accepted 1",
    ),
    "called again after the worker was ended": (
        tried_again(right(), first=400).insert("provider.called", KILL[0]).insert("provider.called", KILL[1]),
        PROFILE,
        "pass",
        "calls 2, accepted 1",
    ),
    "mail without a plain part": (
        MAIL.change("provider.called", params={"content": [{"type": "text/html", "value": f"<p>{MESSAGE.body}</p>"}]}),
        PROFILE,
        "pass",
        "accepted 1",
    ),
    "mail without a plain part, and another's text": (
        MAIL.change("provider.called", params={"content": [{"type": "text/html", "value": "<p>"}]}),
        PROFILE,
        "fail",
        "the call carried '<p>' as text/html",
    ),
    "mail without any part": (MAIL.change("provider.called", params={"content": []}), SILENT, "fail", "carried ''"),
    "mail with the text set in": (
        mailed(content=[{"type": "text/plain", "value": "-text-"}], substitutions={"-text-": MESSAGE.body}),
        PROFILE,
        "pass",
        "accepted 1",
    ),
    "mail with another's text set in": (
        mailed(content=[{"type": "text/plain", "value": "-text-"}], substitutions={"-text-": "not yours"}),
        SILENT,
        "fail",
        "the call carried 'not yours'",
    ),
    "mail by a template": (
        mailed(template_id="d-1", dynamic_template_data={"brand": "x", "note": {"lines": [MESSAGE.body]}}),
        PROFILE,
        "pass",
        "accepted 1",
    ),
    "mail by a template of the older kind": (
        mailed(
            template_id="1",
            content=[{"type": "text/html", "value": " "}],
            substitutions={"%text%": f"{MESSAGE.body}"},
        ),
        PROFILE,
        "pass",
        "accepted 1",
    ),
    "mail by a template that isn't given the text": (
        mailed(template_id="d-1", dynamic_template_data={"note": "not yours"}),
        PROFILE,
        "fail",
        "the call fills in template d-1, and nothing that it gives it carries",
    ),
    "mail by a template that isn't given the text, in a channel that nobody claims": (
        mailed(template_id="d-1", dynamic_template_data={"note": "not yours"}),
        SILENT,
        "unknown",
        "the call fills in template d-1",
    ),
    "mail by a template that another recipient's text is given to": (
        mailed(template_id="d-1", to="eve@example.com", dynamic_template_data={"note": MESSAGE.body}),
        PROFILE,
        "fail",
        "the call fills in template d-1",
    ),
    "sent twice": (called_again(right()), PROFILE, "fail", "2 calls were accepted for one message"),
    "sent twice, explained": (called_again(disturbed(right())), PROFILE, "pass", "calls 2, accepted 2"),
    "sent twice, effectively once": (called_again(disturbed(right())), ONCE, "fail", "2 calls were accepted"),
    "never acknowledged": (
        right().drop("queue.acked").drop("queue.deleted"),
        PROFILE,
        "fail",
        "its entry was not acknowledged",
    ),
    "acknowledged before the call": (EAGER, PROFILE, "fail", "acknowledged before the provider accepted"),
    "acknowledged before the call, and again after it": (
        EAGER.add("queue.acked", at=20, keys=[ENTRY], **queue("worker-1")),
        PROFILE,
        "fail",
        "acknowledged before the provider accepted",
    ),
    "acknowledged before its first call": (
        tried_again(EAGER, first=503),
        PROFILE,
        "fail",
        "acknowledged before the provider accepted",
    ),
    "put aside after a passing error, and acknowledged": (
        tried_again(EAGER, first=503, at=5.2),
        PROFILE,
        "pass",
        "calls 2, accepted 1",
    ),
    "one entry of it acknowledged, the other not": (
        EAGER.insert("queue.claimed", second_entry()).soon(),
        PROFILE,
        "unknown",
        "its entry was not acknowledged yet",
    ),
    "another entry of it dealt with before the call": (
        right()
        .insert("queue.claimed", second_entry())
        .insert("provider.called", second_entry_gone()[0])
        .insert("provider.called", second_entry_gone()[1]),
        PROFILE,
        "pass",
        "calls 1",
    ),
    "not deleted by a worker that was ended meanwhile": (
        disturbed(right().drop("queue.deleted")),
        PROFILE,
        "unknown",
        "not deleted: the kill of the worker may have come between",
    ),
    "not deleted by a worker that was ended before": (
        right().drop("queue.deleted").insert("api.requested", KILL[0]).insert("api.requested", KILL[1]),
        PROFILE,
        "fail",
        "acknowledged and not deleted",
    ),
    "not deleted": (right().drop("queue.deleted"), PROFILE, "fail", "acknowledged and not deleted"),
    "not acknowledged yet": (
        right().drop("queue.acked").drop("queue.deleted").soon(),
        PROFILE,
        "unknown",
        "not acknowledged yet",
    ),
    "not deleted yet": (right().drop("queue.deleted").soon(), PROFILE, "unknown", "and not deleted yet"),
    "not deleted, and nobody says whether": (right().drop("queue.deleted"), SILENT, "unknown", "and not deleted"),
    "its worker was ended, and another may take it up": (Script(UNENDED, read=20.0), PROFILE, "unknown", "ledged yet"),
    "its worker was ended, and none took it up": (Script(UNENDED, read=50.0), PROFILE, "fail", "was not acknowledged"),
    "deleted and never acknowledged": (right().drop("queue.acked"), SILENT, "fail", "was not acknowledged"),
    "read with NOACK": (right().drop("queue.acked").change("queue.claimed", noack=True), SILENT, "pass", "deleted"),
    "a sender of its own": (
        right().change("provider.called", **{"from": "+1888"}),
        SILENT,
        "unknown",
        "the call came from +1888",
    ),
    "a pool's sender": (
        right().change("provider.called", **{"from": f"MG{'0' * 32}"}),
        PROFILE,
        "unknown",
        "the call came from MG000",
    ),
    "a footer of its own": (
        right().change("provider.called", params={"Body": f"{MESSAGE.body} Reply STOP"}),
        SILENT,
        "unknown",
        "the call carried",
    ),
    "refused by the provider, in a channel that nobody claims": (GAVE_UP, SILENT, "unknown", "refused it for good"),
    "refused by the provider": (GAVE_UP, PROFILE, "fail", "refused it for good"),
    "refused by the provider at its second try, in a channel that nobody claims": (
        tried_again(GAVE_UP, first=503),
        SILENT,
        "unknown",
        "it failed after 2 calls: the provider refused it for good",
    ),
    "not tried again, in a channel that nobody claims": (
        FAILED_ROW.change("provider.answered", status=503, accepted=False, message=None),
        SILENT,
        "fail",
        "it failed after 1 calls",
    ),
    "not accepted, in a channel that nobody claims": (REFUSED, SILENT, "unknown", "did not accept"),
    "finished, and its row stays": (
        right().drop("database.status", where=is_new("sent")),
        PROFILE,
        "fail",
        "its entry is finished, and the row stays sending",
    ),
    "read with NOACK, and its row stays": (
        right().drop("queue.acked").drop("database.status", where=is_new("sent")).change("queue.claimed", noack=True),
        PROFILE,
        "fail",
        "its entry is finished, and the row stays sending",
    ),
    "no group": (right().drop("queue.acked").drop("queue.deleted"), UNGROUPED, "pass", "calls 1"),
    "a provider's id that says whose it is": (
        right().change("database.status", is_new("sent"), provider_id=f"twilio:{SID}"),
        PROFILE,
        "pass",
        "calls 1",
    ),
    "contents filled with it": (contents(json.dumps({"1": MESSAGE.body})), PROFILE, "pass", "calls 1"),
    "contents filled with nothing readable": (contents("{"), PROFILE, "fail", "nothing that it gives it carries"),
    "finished before the call, by claim": (EAGER, FINISH_FIRST, "pass", "calls 1"),
    "another provider id": (
        right().change("database.status", is_new("sent"), provider_id="SM9"),
        PROFILE,
        "fail",
        f"the row names provider id SM9, the provider gave {SID}",
    ),
}


@cases(PROCESSED)
def test_worker_processed(case: Case) -> None:
    expect(lambda history, flow, profile: worker_processed(history, flow, profile, message=MESSAGE), case)
