"""Does a provider call carry what was sent: to whom, from whom, which text, which media?"""

from __future__ import annotations

from typing import Any

from harness.checks.carried import bare, body_sent, carries, filled_in, media_sent, parts
from harness.checks.mail import html_of, wrong_mail
from harness.checks.mixed_up import texts
from harness.checks.quoting import apart
from harness.checks.sent import Sent, Wrong, as_it_goes_out, told_of
from harness.history import Event, Flow, key
from harness.profile import Profile
from harness.profile.claims import remedy


def wrong_content(flow: Flow, message: Sent, profile: Profile) -> Wrong | None:
    """The first call that doesn't carry what was sent, and how; None where all do.

    A profile that lists its channels says that they carry messages as they were sent. One that doesn't may be of a
    stack with a sender, a copy or a footer of its own, or that lacks the channel: `perhaps` is what would settle it.
    """
    others = {name for event in flow.requests for name in texts(event)} - {key("token", message.token)}
    # what carries the text of another message that was sent is that one's, whatever made one flow of both
    own = [call for call in flow.calls if not (texts(call) and texts(call) <= others)]
    found = (wrong_call(call, message, profile) for call in own)
    return next((wrong for wrong in found if wrong), None)


def wrong_call(call: Event, message: Sent, profile: Profile) -> Wrong | None:
    """How one call differs from what was sent; None where it doesn't."""
    perhaps = "" if profile.claims.channels is not None else remedy(message.type)
    params: Any = call.data.get("params") or {}
    to = call.data.get("to")
    recipients = list(to) if isinstance(to, list | tuple) else [to]
    told, to_whom = told_of(message, profile), bare(message.to)
    if "to" in told and set(recipients) != {to_whom}:
        added = to_whom in recipients
        return Wrong(f"the call went to {recipients}, expected {to_whom}", call, perhaps if added else "")
    sender, given = profile.providers.senders.get(message.type), call.data.get("from")
    if (sender or "from" in told) and given != (sender or bare(message.sender)):
        pooled = str(given).startswith("MG")  # a Messaging Service, which picks the number
        fix = f'[providers] senders = {{ {message.type} = "{given}" }}' if (perhaps or pooled) and not sender else ""
        own = "" if sender or fix else " (a sender of the stack's own is named by [providers] senders)"
        return Wrong(f"the call came from {given}, expected {sender or bare(message.sender)}{own}", call, fix)
    body = as_it_goes_out(message, profile)
    template = params.get("ContentSid" if call.data.get("provider") == "twilio" else "template_id")
    if template:
        handed = [*parts(call, to_whom), *filled_in(call, to_whom)]
        if not any(carries(text, body, html=True) for _, text in handed):
            reason = f"the call fills in template {template}, and nothing that it gives it carries {body!r}"
            return Wrong(reason, call, perhaps)
    else:
        text, changed = body_sent(call, to_whom), message.type in profile.messages.changes
        if text is not None and (body not in text if changed else not says(text, body, message)):
            added = body in text
            one, other = apart(text, body)
            return Wrong(f"the call carried {one}, expected {other}", call, perhaps if added else "")
        for kind, part in parts(call, to_whom):
            if not (carries(part, body, html="html" in kind) or ("html" in kind and html_of(message, told))):
                return Wrong(f"the call carried {part!r} as {kind}, expected {body!r}", call)
    if call.data.get("provider") == "sendgrid" and (wrong := wrong_mail(call, message, profile, perhaps)):
        return wrong
    media, expected = media_sent(call, params), list(message.attachments)
    if call.data.get("provider") == "sendgrid" and expected:
        return None  # a mail may carry what a link names, or the link
    if media != expected and ("attachments" in told or not expected):
        added = all(one in media for one in expected)
        reason = f"the call carried media {media}, expected {expected}"
        return Wrong(reason, call, perhaps if added or not media else "")
    return None


def says(text: str, body: str, message: Sent) -> bool:
    """Whether a text is the body, or a mail's that links behind it what is attached."""
    if text == body:
        return True
    linked = message.type == "email" and text.startswith(body)
    return linked and any(url in text[len(body) :] for url in message.attachments)
