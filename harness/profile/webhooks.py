"""What the stack is told by its providers, and where: replies and delivery reports."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from harness.profile.base import Absent, Channel, KeyWrong, Section
from harness.profile.templates import HookBody, ReportBody, is_flat

CONTRACT: Final = {"sms": "/api/v1/webhooks/twilio", "email": "/api/v1/webhooks/sendgrid"}


class Webhook(Section):
    """One channel's webhook: the vendor's own bodies, or bodies in the stack's own names."""

    path: str = ""
    """Where replies go; `""`: there is no webhook, so it isn't asked. Not said: the contract's."""
    reports: Absent = None
    """Where delivery reports go; not said: where the provider was told in its call, else to the same path."""
    signed: bool = True
    """Whether what is delivered is signed; what isn't can't be refused for a bad signature, so that isn't asked."""
    refuses: list[Annotated[int, Field(ge=400, le=499)]] = []
    """The answers to a bad signature; none said: any 4xx is a refusal."""
    body: HookBody | None = None
    """The body of a reply in the stack's own names, with placeholders; not said: the vendor's own."""
    report_body: ReportBody | None = None
    """The body of a delivery report in the stack's own names; not said: the vendor's own."""
    report_words: dict[str, str] = {}
    """What `{status}` of a report is, where it isn't the vendor's word: `{ delivered = "DELIVRD" }`."""
    format: Literal["json", "form"] = "json"
    """How a body of the stack's own is written."""

    @model_validator(mode="after")
    def _flat_form(self) -> Self:
        for name, body in (("body", self.body), ("report_body", self.report_body)):
            flat = isinstance(body, dict) and all(map(is_flat, body.values()))
            if self.format == "form" and body is not None and not flat:
                raise KeyWrong(name, 'a form needs a body of names and texts: { from = "{from}" }')
        return self

    def refused(self, code: int) -> bool:
        """Whether an answer to a bad signature is a refusal."""
        return code in self.refuses if self.refuses else 400 <= code < 500

    @property
    def refusal(self) -> str:
        """The refusals, as people read them."""
        return " or ".join(map(str, self.refuses)) or "a refusal (4xx)"


class Webhooks(Section):
    """Where the providers' webhooks go: `[webhooks.sms]` (Twilio's, for texts and pictures), `[webhooks.email]`."""

    sms: Webhook = Webhook(path=CONTRACT["sms"])
    """Twilio's: replies and status callbacks."""
    email: Webhook = Webhook(path=CONTRACT["email"])
    """SendGrid's: Inbound Parse and the Event Webhook."""

    @model_validator(mode="before")
    @classmethod
    def _at_the_contracts_paths(cls, value: Any) -> Any:
        """A table that says no path says how its webhook differs otherwise."""
        if not isinstance(value, dict):
            return value
        return {
            name: {"path": CONTRACT[name], **table} if name in CONTRACT and isinstance(table, dict) else table
            for name, table in value.items()
        }

    def of(self, channel: Channel) -> Webhook:
        return self.email if channel == "email" else self.sms
