"""Content templates: their types, the variables in them, and whether WhatsApp has approved them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mock_providers.checked import Checked
from mock_providers.errors import ConfigError
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.state.recipients import items
from mock_providers.twilio.state.service import iso8601

TYPES = (
    "whatsapp/authentication", "whatsapp/card", "whatsapp/flows", "twilio/card", "twilio/carousel", "twilio/catalog",
    "twilio/flows", "twilio/schedule", "twilio/call-to-action", "twilio/list-picker", "twilio/quick-reply",
    "twilio/location", "twilio/media", "twilio/text",
)  # fmt: skip
"""The richest first, as the vendor picks of several the one that a channel can show."""
_RICH = frozenset(TYPES[:3])
_IN_SESSION_ONLY = frozenset(("twilio/list-picker", "twilio/location"))
"""What can't open a conversation, approved or not."""
CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
APPROVALS = ("unsubmitted", "received", "pending", "approved", "rejected", "paused", "disabled")
MOST_CONTENTS = 1_000
LONGEST_BODY = 1600
_TEXTS = ("body", "title", "header_text")
_SPACES = " " * 5


class Approval:
    """What WhatsApp says of a template."""

    def __init__(self, *, name: str, category: str, content_type: str, status: str = "received") -> None:
        self.name = name
        self.category = category
        self.content_type = content_type
        self.status = status
        self.rejection_reason = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "category": self.category,
            "content_type": self.content_type,
            "status": self.status,
            "rejection_reason": self.rejection_reason,
            "allow_category_change": True,
        }


class Content:
    """One template; `types` are its forms by name, for the channels to choose from."""

    def __init__(self, sid: str, *, account_sid: str, now: float) -> None:
        self.sid = sid
        self.account_sid = account_sid
        self.created = now
        self.updated = now
        self.friendly_name: str | None = None
        self.language = "en"
        self.variables: dict[str, str] = {}
        self.types: dict[str, dict[str, Any]] = {}
        self.approval: Approval | None = None

    def change(self, given: Mapping[str, Any], *, now: float) -> None:
        """Takes what a request's JSON names; raises TwilioError 20001 for what can't be."""
        # the Node SDK writes the name as its own language does
        name, language = given.get("friendly_name", given.get("friendlyName")), given.get("language")
        variables, types = given.get("variables"), given.get("types")
        if name is not None and not isinstance(name, str):
            raise TwilioError(20001, "friendly_name must be a string")
        if language is not None and not (isinstance(language, str) and 2 <= len(language) <= 10):
            raise TwilioError(20001, "language must be a code such as en")
        if variables is not None and not _is_texts(variables):
            raise TwilioError(20001, "variables must be an object of strings")
        if types is not None:
            self.types = _types(types)
        self.friendly_name = name if name is not None else self.friendly_name
        self.language = language or self.language
        self.variables = dict(variables) if variables is not None else self.variables
        self.updated = now

    @property
    def content_type(self) -> str:
        """The richest of its types."""
        return next(name for name in TYPES if name in self.types)

    @property
    def status(self) -> str:
        return "unsubmitted" if self.approval is None else self.approval.status

    @property
    def opens_a_conversation(self) -> bool:
        """Whether WhatsApp lets it through where the recipient hasn't written for a day."""
        return self.status == "approved" and not _IN_SESSION_ONLY.issuperset(self.types)

    def rendered(self, given: Mapping[str, str], *, whatsapp: bool) -> tuple[str, list[str]]:
        """The text and the media URLs with variables put in, each once: what a value says is never looked at again.

        Raises TwilioError 21656 for a placeholder or a value that can't be, 21617 for a text that gets too long.
        """
        names = [name for name in TYPES if name in self.types and (whatsapp or name not in _RICH)]
        shown = self.types[names[0] if names else self.content_type]
        values = {**self.variables, **given}
        body = next((shown[name] for name in _TEXTS if isinstance(shown.get(name), str)), "")
        media = shown.get("media") or []
        links = [media] if isinstance(media, str) else [one for one in media if isinstance(one, str)]
        return _filled(body, values, whatsapp=whatsapp), [_filled(one, values, whatsapp=whatsapp) for one in links]

    def to_json(self, base: str) -> dict[str, Any]:
        url = f"{base}/v1/Content/{self.sid}"
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "friendly_name": self.friendly_name,
            "language": self.language,
            "variables": self.variables,
            "types": self.types,
            "date_created": iso8601(self.created),
            "date_updated": iso8601(self.updated),
            "url": url,
            "links": {
                "approval_create": f"{url}/ApprovalRequests/whatsapp",
                "approval_fetch": f"{url}/ApprovalRequests",
            },
        }


def read_contents(given: Checked, name: str) -> tuple[Mapping[str, Any], ...]:
    """The templates that exist from the start, each as its JSON with a `sid` and what WhatsApp says of it."""
    return tuple(_read(where, item) for where, item in items(given, name))


def _read(where: str, item: object) -> Mapping[str, Any]:
    one = Checked(item, where=where)
    sid, body = one.text("sid"), one.optional_text("body")
    if not is_content_sid(sid):
        raise one.wrong("sid", "HX and 32 hexadecimal digits", sid)
    approval = one.text("approval", "approved")
    if approval not in APPROVALS:
        raise one.wrong("approval", f"one of {', '.join(APPROVALS)}", approval)
    types = one.any("types") if body is None else {"twilio/text": {"body": body}}
    template = {
        "friendly_name": one.text("friendly_name", sid),
        "language": one.text("language", "en"),
        "variables": one.any("variables", {}),
        "types": types,
    }
    one.done()
    try:
        Content(sid, account_sid="", now=0.0).change(template | {"types": types or {}}, now=0.0)
    except TwilioError as error:
        raise ConfigError(f"{where}: {error.message}; give body, or types as the Content API takes them") from None
    return {"sid": sid, "approval": approval, **template}


def made_content(template: Mapping[str, Any], *, account_sid: str, now: float) -> Content:
    """A template of `read_contents`."""
    content = Content(template["sid"], account_sid=account_sid, now=now)
    content.change(template, now=now)
    if template["approval"] != "unsubmitted":
        content.approval = Approval(
            name=template["friendly_name"],
            category=CATEGORIES[0],
            content_type=content.content_type,
            status=template["approval"],
        )
    return content


def is_content_sid(text: str) -> bool:
    return len(text) == 34 and text.startswith("HX") and all(char in "0123456789abcdefABCDEF" for char in text[2:])


def _types(given: object) -> dict[str, dict[str, Any]]:
    # the SDKs send every type they know, the ones not meant as null
    meant = {name: value for name, value in given.items() if value is not None} if isinstance(given, dict) else {}
    if not meant:
        raise TwilioError(20001, f"types must have at least one of {', '.join(TYPES)}")
    for name, value in meant.items():
        if name not in TYPES or not isinstance(value, dict):
            raise TwilioError(20001, f"types: {name[:60]} must be one of {', '.join(TYPES)}, and an object")
        for text in _TEXTS:
            if isinstance(value.get(text), str) and len(value[text]) > LONGEST_BODY:
                raise TwilioError(20001, f"types: {name}: {text} has more than {LONGEST_BODY} characters")
    if "twilio/text" in meant and not meant["twilio/text"].get("body"):
        raise TwilioError(20001, "types: twilio/text needs a body")
    return meant


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _filled(text: str, values: Mapping[str, str], *, whatsapp: bool) -> str:
    size, parts = 0, []
    for part in _parts(text, values, whatsapp=whatsapp):
        size += len(part)
        if size > LONGEST_BODY:
            raise TwilioError(21617)
        parts.append(part)
    return "".join(parts)


def _parts(text: str, values: Mapping[str, str], *, whatsapp: bool) -> Iterator[str]:
    first, *rest = text.split("{{")
    yield first
    for one in rest:
        name, closed, after = one.partition("}}")
        value = values.get(name.strip(), "")
        if not closed or not value:
            raise TwilioError(21656)
        if whatsapp and ("\n" in value or "\t" in value or _SPACES in value):
            raise TwilioError(21656)
        yield value
        yield after
