"""Reading the TwiML that the stack replies to an inbound message with."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree


class Reply(NamedTuple):
    """A message that the reply asks for; None is the default (back to who wrote)."""

    to: str | None
    sender: str | None
    body: str
    media: tuple[str, ...]


def replies(text: str) -> list[Reply]:
    """The `<Message>` verbs of a `<Response>`; anything that is not TwiML asks for nothing."""
    if "<Response" not in text or "<!" in text.replace("<!--", ""):
        # no document type or entity is TwiML, and expanding one is how parsers are hurt
        return []
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  # reason: no declarations got this far
    except ElementTree.ParseError:
        return []
    return [_reply(verb) for verb in root if verb.tag in {"Message", "Sms"}]


def is_readable(text: str) -> bool:
    """Whether an answer is no XML at all (empty, a plain text), or XML that can be read."""
    if not text.lstrip().startswith("<") or "<!" in text.replace("<!--", ""):
        return True
    try:
        ElementTree.fromstring(text.strip())  # noqa: S314  # reason: as above
    except ElementTree.ParseError:
        return False
    return True


def _reply(verb: ElementTree.Element) -> Reply:
    bodies = [body.text or "" for body in verb.iter("Body")]
    body = "".join(bodies) if bodies else (verb.text or "").strip()
    media = tuple(url.text.strip() for url in verb.iter("Media") if url.text)
    return Reply(verb.get("to"), verb.get("from"), body, media)
