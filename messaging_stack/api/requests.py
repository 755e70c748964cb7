"""Reading requests: bodies of a bounded size, and the send request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from messaging_stack.errors import BodyTooLarge, InvalidMessage
from messaging_stack.store.messages import NewMessage
from messaging_stack.validation import (
    MAX_LINE,
    MAX_TEXT,
    email_address,
    named_address,
    phone_number,
    storable_line,
    storable_object,
    storable_text,
    web_address,
)

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_SEND_BYTES = 512 * 1024
MAX_EVENTS_BYTES = 4 * 1024 * 1024
MAX_MAIL_BYTES = 32 * 1024 * 1024
_MAX_KEY = 255


class SendRequest(BaseModel):
    """What `POST /api/v1/messages/send` takes."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    type: Literal["sms", "mms", "email"]
    sender: Annotated[str, Field(alias="from", max_length=320)]
    to: Annotated[str, Field(max_length=320)]
    body: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(storable_text)] = ""
    attachments: Annotated[list[Annotated[str, AfterValidator(web_address)]], Field(max_length=10)] = []
    metadata: Annotated[dict[str, Any], AfterValidator(storable_object)] = {}
    subject: Annotated[str, Field(max_length=MAX_LINE), AfterValidator(storable_line)] | None = None
    html: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(storable_text)] | None = None
    reply_to: Annotated[str, Field(max_length=MAX_LINE), AfterValidator(named_address)] | None = None

    @field_validator("body", "attachments", "metadata", mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None:
            return {"body": "", "attachments": [], "metadata": {}}[info.field_name or ""]
        return value

    @field_validator("sender", "to")
    @classmethod
    def _address(cls, value: str, info: ValidationInfo) -> str:
        kind = info.data.get("type")
        if kind is None:  # the type itself is wrong, and says so
            return value
        return email_address(value) if kind == "email" else phone_number(value)

    @model_validator(mode="after")
    def _says_something(self) -> SendRequest:
        if not self.body.strip() and not self.attachments and "html" not in self.of_a_mail():
            raise ValueError("expected a body or attachments")
        return self

    def of_a_mail(self) -> dict[str, str]:
        """What only a mail has, and a text is sent without; it is kept in its metadata, as a subject that comes in."""
        if self.type != "email":
            return {}
        given = {"subject": self.subject, "html": self.html, "reply_to": self.reply_to}
        return {name: value for name, value in given.items() if value is not None}

    def message(self) -> NewMessage:
        """The message to be stored. An SMS with attachments is an MMS."""
        return NewMessage(
            id=uuid4(),
            type="mms" if self.type == "sms" and self.attachments else self.type,
            sender=self.sender,
            recipient=self.to,
            body=self.body,
            attachments=self.attachments,
            metadata={**self.metadata, **self.of_a_mail()},
        )


async def read_body(request: Request, *, limit: int) -> bytes:
    """The whole body; raises BodyTooLarge as soon as it is known to be."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared[:18]) > limit:
        raise BodyTooLarge(f"expected at most {limit} bytes, not {declared[:18]}")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(f"expected at most {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header, or None; raises InvalidMessage."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= _MAX_KEY and key.isprintable()):
        raise InvalidMessage(f"expected 1 to {_MAX_KEY} printable characters", location=("header", "Idempotency-Key"))
    return key
