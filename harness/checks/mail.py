"""Does a mail carry what only a mail has: its subject, its HTML, whom to answer, what is attached?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr
from html import escape, unescape
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.checks.carried import TAG, bare, block_of, carries, mapping, parts, squeezed, texts_in
from harness.checks.quoting import apart
from harness.checks.sent import Sent, Wrong, told_of
from harness.history import Event
from harness.profile import Profile

NAME = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)")
CHANGES = '[messages] changes, with "email" where the stack adds to subjects on purpose'
NAMELESS = "[send.email] body, with an address alone where the stack takes no names"


def wrong_mail(call: Event, message: Sent, profile: Profile, perhaps: str) -> Wrong | None:
    """How a mail differs from what was sent, beside its text; `perhaps` is what would say whether it is meant so."""
    params: Any = mapping(call.data.get("params"))
    if params.get("template_id"):
        return None  # what its reader gets is nowhere in the call
    return next(_wrongs(call, params, message, profile, perhaps), None)


def _wrongs(call: Event, params: Any, message: Sent, profile: Profile, perhaps: str) -> Iterator[Wrong]:
    told, to = told_of(message, profile), bare(message.to)
    if "subject" in told and message.type not in profile.messages.changes:
        subject = str(block_of(params, to).get("subject") or params.get("subject") or "")
        if subject != message.subject:
            one, other = apart(subject, message.subject)
            reason = f"the mail's subject is {one}, expected {other}"
            # a stack may put its name before each subject, and has no other way to say so
            yield Wrong(reason, call, (perhaps or CHANGES) if message.subject in subject else "")
    html = html_of(message, told)
    if html and message.type not in profile.messages.changes:
        given = [part for kind, part in parts(call, to) if "html" in kind]
        if not given:
            yield Wrong(f"the mail has no HTML part, expected {html!r}", call, perhaps)
        elif not any(holds(part, html) for part in given):
            one, other = apart(given[0], html)
            yield Wrong(f"the mail's HTML is {one}, expected {other}", call)
        if given and not any(carries(part, message.body, html="html" in kind) for kind, part in parts(call, to)):
            yield Wrong(f"neither the mail's HTML nor a plain part beside it carries {message.body!r}", call, perhaps)
    if "reply_to" in told and message.reply_to:
        yield from _answered_elsewhere(call, params, message.reply_to, perhaps)
    if "attachments" in told:
        lost = [url for url in message.attachments if not attached(params, url)]
        if lost and len(params.get("attachments") or ()) < len(message.attachments):
            reason = f"the mail carries neither {lost[0]} nor a link to it ({len(lost)} of {len(message.attachments)})"
            yield Wrong(reason, call, perhaps)


def _answered_elsewhere(call: Event, params: Any, wanted: str, perhaps: str) -> Iterator[Wrong]:
    """What is wrong with the address to which answers go."""
    listed = params.get("reply_to_list") or []
    given = [one for one in ([params["reply_to"]] if params.get("reply_to") else listed) if mapping(one)]
    name, address = parseaddr(wanted)
    found = next((one for one in given if one.get("email") == address), None)
    if not given:
        yield Wrong(f"the mail says nothing of where answers go, expected {wanted}", call, perhaps)
    elif found is None:
        yield Wrong(f"answers to the mail go to {given[0].get('email')}, expected {address}", call)
    elif name and found.get("name") != name:
        own = str(found.get("name") or "")
        reason = f"answers to the mail go to one called {own!r}, expected {name!r}"
        yield Wrong(reason, call, "" if own else NAMELESS)


def html_of(message: Sent, told: frozenset[str]) -> str | None:
    """The HTML that a mail was sent with, where the stack was told of it."""
    return message.html if message.type == "email" and "html" in told else None


def holds(part: str, html: str) -> bool:
    """Whether a part of a mail holds some HTML: as it is, or in a layout and written otherwise, with all its tags."""
    if squeezed(html) in squeezed(part):
        return True
    tags = {name.lower() for name in NAME.findall(html)}
    return tags <= {name.lower() for name in NAME.findall(part)} and read(html) in read(part)


def read(html: str) -> str:
    """What a reader reads of HTML, without white space."""
    return squeezed(unescape(TAG.sub(" ", html)))


def attached(params: Any, url: str) -> bool:
    """Whether a mail has what a URL names, by its link or a file's name."""
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    files = [str(mapping(one).get("filename") or "") for one in params.get("attachments") or ()]
    return name in files or any(url in text or escape(url) in text for text in texts_in(params))
