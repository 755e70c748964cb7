"""How the stack's API is spoken to: a send, a look at one message, lists, and how fast."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from harness.profile.base import Absent, Channel, KeyWrong, Positive, Section
from harness.profile.pointers import Pointer, Where
from harness.profile.templates import Body, Filled, is_flat, names_in

CONTRACT: Final[dict[str, Any]] = {
    "from": "{from}",
    "to": "{to}",
    "type": "{type}",
    "body": "{body}",
    "attachments": "{attachments}",
    "metadata": "{metadata}",
}
Part = Literal["from", "to", "body", "subject", "html", "reply_to", "attachments", "metadata", "files"]
"""What of a message an API may show; `files` are those of a mail that came in."""
SHOWN: Final[dict[Part, str]] = {
    "from": "/from",
    "to": "/to",
    "body": "/body",
    "attachments": "/attachments",
    "metadata": "/metadata",
}
Code = Annotated[int, Field(ge=100, le=599)]
Method = Literal["GET", "POST", "PUT", "PATCH"]


class Api(Section):
    """Where the stack's API answers, and what every request to it carries."""

    url: str | None = None
    """Attached only: where the API answers."""
    ready: str = "/ready"
    """What answers 2xx once the API can take messages."""
    headers: dict[str, str] = {}
    """Headers of every request, such as `{ X-Api-Key = "${API_KEY}" }`."""
    timeout: Positive = 60.0
    """Seconds until a request without an answer is indeterminate."""
    http2: bool = False
    """Whether the API is spoken to in HTTP/2 where it offers that."""


class SendOf(Section):
    """What differs for one channel; what isn't said is as in `[send]`."""

    path: str | None = None
    """Where a message of this channel is sent to."""
    method: Method | None = None
    """Its HTTP method."""
    headers: dict[str, Filled] | None = None
    """Its headers, instead of those of `[send]`."""
    body: Body | None = None
    """Its body."""
    format: Literal["json", "form"] | None = None
    """How its body is written."""
    accepted: list[Code] | None = None
    """The answers by which the stack takes it."""
    id: Where | None = None
    """Where in its answer the id stands."""
    status: Pointer | None = None
    """Where in its answer the status stands."""
    idempotency: str | None = None
    """The header of its idempotency key."""


class Send(Section):
    """How a message is sent to the API; `[send.sms]`, `[send.mms]` and `[send.email]` say what differs there."""

    path: str = "/api/v1/messages/send"
    """Where a message is sent to."""
    method: Method = "POST"
    """The HTTP method."""
    headers: dict[str, Filled] = {}
    """Headers of a send, beside those of `[api]`; placeholders are filled in."""
    body: Body = CONTRACT
    """The request's body, with placeholders: `{ phone = "{to}", text = "{body}" }`."""
    format: Literal["json", "form"] = "json"
    """How the body is written."""
    accepted: list[Code] = []
    """The answers by which the stack takes a message; none said: every 2xx."""
    id: Where = "/id"
    """Where in the answer the message's id stands: a JSON pointer, or `{ header = "Location", match = "[^/]+$" }`."""
    status: Pointer = "/status"
    """Where in the answer the status stands; `""`: nowhere."""
    idempotency: Absent = "Idempotency-Key"
    """The header of the idempotency key; `""`: there is none."""
    sms: SendOf | None = None
    """What differs for text messages."""
    mms: SendOf | None = None
    """What differs for picture messages."""
    email: SendOf | None = None
    """What differs for mail."""

    @model_validator(mode="after")
    def _flat_form(self) -> Self:
        channels: tuple[Channel, ...] = ("sms", "mms", "email")
        ways: list[Send] = [self, *(self.of(channel) for channel in channels)]
        for one in ways:
            if one.format == "form" and not (isinstance(one.body, dict) and all(map(is_flat, one.body.values()))):
                raise KeyWrong("format", 'a form needs a body of names and texts: { To = "{to}" }')
        return self

    def of(self, channel: Channel) -> Send:
        """How a message of one channel is sent."""
        own: SendOf | None = getattr(self, channel)
        if own is None:
            return self
        said = {name: value for name, value in own if name in own.model_fields_set and value is not None}
        if "idempotency" in said:
            said["idempotency"] = said["idempotency"] or None
        return self.model_copy(update={**said, "sms": None, "mms": None, "email": None})

    @property
    def carries_key(self) -> bool:
        """Whether a send can carry an idempotency key at all: in its header, or in its body."""
        return self.idempotency is not None or "idempotency_key" in names_in([self.body, self.headers])

    def takes(self, code: int | None) -> bool:
        """Whether an answer's status says that the stack took the message."""
        if code is None:
            return False
        return code in self.accepted if self.accepted else 200 <= code < 300


class Look(Section):
    """How one message is looked at through the API."""

    path: str = "/api/v1/messages/{id}"
    """Where one message is shown; `{id}` is its id; `""`: the API shows none."""
    method: Method = "GET"
    """The HTTP method."""
    headers: dict[str, str] = {}
    """Headers of a look, beside those of `[api]`."""
    status: Where = "/status"
    """Where in the answer the status stands: a JSON pointer, or a header or pattern."""
    times: dict[Literal["created", "sent", "delivered"], Pointer] = {}
    """Where in the answer it stands when the message was made, sent and delivered, as ISO 8601 or Unix time:
    `{ created = "/created_at", sent = "/sent_at" }`; those that aren't said aren't asked."""
    shows: dict[Part, Pointer] = {**SHOWN}
    """Where in the answer stands what the message says, of those that come in, too; what is written here is asked
    for, and what isn't is compared where it stands, without a fail."""
    error: Where = ""
    """Where in the answer stands why a message failed, in its provider's words or code; not said: it isn't asked."""


class Listing(Section):
    """Where messages are listed, and how a page of them is asked for."""

    path: str = "/api/v1/messages/"
    """The path; `""`: there is none."""
    items: Pointer = "/messages"
    """Where in the answer the list stands; `""`: the answer is the list."""
    id: Pointer = "/id"
    """Where in a message its id stands."""
    limit: str = "limit"
    """The parameter that says how many messages a page has."""
    offset: str = "offset"
    """The parameter that says how many messages come before the page."""


class Conversations(Section):
    """How the conversations of an address, and their messages, are read."""

    path: str = "/api/v1/conversations/"
    """Where conversations are listed; `""`: there are none."""
    page: dict[str, str | int] = {"limit": 200}
    """Parameters of each request, by which a whole page is had."""
    items: Pointer = "/conversations"
    """Where in the answer the list of conversations stands; `""`: the answer is the list."""
    id: Pointer = "/id"
    """Where in a conversation its id stands."""
    participants: list[Pointer] = ["/participants"]
    """Where in a conversation the addresses stand; each place may hold one or a list."""
    messages: str = "/api/v1/conversations/{id}/messages"
    """Where the messages of one are listed; `""`: nowhere."""
    total: Pointer = "/total"
    """Where in that answer the number of messages stands."""
    held: Pointer = "/messages"
    """Where in that answer the messages stand; they are counted where no number does."""
    message_id: Pointer = "/id"
    """Where in such a message its id stands; where it stands nowhere, their order isn't asked."""


class Pace(Section):
    """How fast the stack may be asked."""

    per_second: float = Field(default=0.0, ge=0)
    """Sends a second at most; 0: as fast as they come."""
    wait_most: Positive = 30.0
    """Seconds that an answer 429 (`Retry-After`) is waited for before the send counts as refused."""
