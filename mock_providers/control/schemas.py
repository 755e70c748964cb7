"""What the control plane's operations take: the parts of the OpenAPI document that are written by hand."""

from __future__ import annotations

from typing import Any

from mock_providers import spoilt
from mock_providers.journal.filter import PROVIDERS, TYPES

Key = tuple[str, str]


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _number(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "number", "minimum": 0, "description": description, **more}


def _count(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "description": description, **more}


def _flag(description: str) -> dict[str, Any]:
    return {"type": "boolean", "description": description}


def _object(properties: dict[str, Any], *required: str, closed: bool = True) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        **({"additionalProperties": False} if closed else {}),
    }


_SELECTION = {
    "provider": _text("twilio or sendgrid", enum=list(PROVIDERS)),
    "account": _text("Account SID, or the name of a SendGrid account"),
    "to": _text("A recipient, or a glob"),
    "text": _text("A part of the body, or of subject and content"),
    "type": _text(f"{', '.join(TYPES)}; several with commas between them"),
    "endpoint": _text("messages.create, mail.send, …"),
    "message": _text("The vendor's message id"),
    "call": _count("The number of the call that an entry belongs to", maximum=10**17),
    "since": _number("Unix seconds"),
    "until": _number("Unix seconds"),
    "search": _text(
        "Words, of any case; each must be a part of an address or the body, begin an SID, or be the HTTP status or the "
        "error code, of the call or of its answer"
    ),
    "failed": _text(
        "true: calls and webhooks that ended otherwise than with a whole 2xx answer, with their answers",
        enum=["true", "false"],
    ),
}
_CURSOR = {"after": _count("Only entries after this sequence number", maximum=10**17)}

_MATCH = _object(
    {
        "accounts": {"type": "array", "items": {"type": "string"}, "description": "Any of these accounts"},
        **{
            name: _text(words)
            for name, words in (
                ("provider", "twilio or sendgrid"),
                ("account", "Account"),
                (
                    "endpoint",
                    "Endpoint, or a glob; of webhooks webhook.status, webhook.inbound, webhook.event, webhook.parse",
                ),
                ("to", "Recipient, or a glob"),
                ("text", "Part of the text"),
            )
        },
    }
)
_TWILIO_SIGNED, _SENDGRID_SIGNED = (
    _text(f"{', '.join(kinds[:-1])} or {kinds[-1]}", enum=list(kinds)) for kinds in (spoilt.TWILIO, spoilt.SENDGRID)
)
_TOLD_AS = _text("The word that is told instead, of which no vendor knows yet")
_URL = _text("Where to deliver it, instead of the configured URL")
_AT_ONCE = {
    **_object(
        {
            "name": _text("What the deliveries that arrive together share", minLength=1),
            "of": _count("How many they are", minimum=2, maximum=100),
            "within_s": _number("Seconds (5) that one waits for the others before it goes all the same", maximum=30),
        },
        "name",
        "of",
    ),
    "description": "Arrives together with others: goes out when all have their connection; the answer says how many",
}

_AS = {
    **_object(
        {
            "format": _text("json or form", enum=["json", "form"]),
            "body": {"description": "What is posted: any JSON value, of a form an object of strings or lists of them"},
        },
        "body",
    ),
    "description": "A body in the receiver's own names, posted instead of the vendor's and signed like it",
}

QUERIES: dict[Key, dict[str, Any]] = {
    ("GET", "/_mock/calls"): {
        **_SELECTION,
        **_CURSOR,
        "limit": _count("At most so many", minimum=1, maximum=10_000),
        "order": _text("asc or desc", enum=["asc", "desc"]),
        "before": _count("With desc: only entries before this sequence number", maximum=10**17),
        "answers": _text("true: with every call its answer", enum=["true", "false"]),
    },
    ("GET", "/_mock/gates/{id}"): {
        "met": _count("Answers when so many calls were withheld", maximum=10**17),
        "within": _number("Seconds before it answers all the same", maximum=300),
    },
    ("GET", "/_mock/twilio/{account}/verifications"): {
        "to": _text("Only this recipient's"),
        "service": _text("Only this Verify service's"),
    },
    ("GET", "/_mock/segments"): {"text": _text("The text")},
    ("GET", "/_mock/export"): {**_SELECTION, "format": _text("jsonl or har", enum=["jsonl", "har"])},
    ("GET", "/_mock/wait"): {
        **_SELECTION,
        **_CURSOR,
        "count": _count("How many entries to wait for", minimum=1, maximum=10_000),
        "within": _number("Seconds before it answers all the same", maximum=300),
    },
}

BODIES: dict[Key, dict[str, Any]] = {
    ("POST", "/_mock/faults"): _object(
        {
            "match": _MATCH,
            "times": _count("How many calls it is for; all, if left out", minimum=1),
            "nth": _count("Only the nth matching call", minimum=1),
            "probability": _number("Of matching calls, this share", maximum=1),
            "seed": _count("Makes the chance repeatable"),
            "latency_s": {
                "description": 'Seconds, {"uniform": [a, b]}, {"normal": [mean, deviation]}, {"exponential": mean}'
            },
            "status": _count("HTTP status, with the vendor's own body", minimum=200, maximum=599),
            "code": {"description": "The vendor's error code"},
            "message": _text("The vendor's error message"),
            "body": _text("A body that isn't the vendor's, for the status"),
            "retry_after": _number("Seconds, as a header"),
            "retry_after_date": _flag("The header is an HTTP date, that many seconds ahead"),
            "reset": _flag("Reset the connection"),
            "empty": _flag("Close the connection without an answer"),
            "stall": _flag("Never answer"),
            "truncate": _flag("Close the connection in the middle of the answer"),
            "slow_body_s": _number("Seconds that the body takes"),
            "accept": _flag("Process the call first, and fail then"),
            "webhook": _object(
                {
                    "drop": _flag("Don't send it"),
                    "delay_s": _number("Seconds before it is sent"),
                    "duplicate": _count("How often it is sent", minimum=1, maximum=100),
                    "reorder": _flag("Let the next one pass first"),
                    "signature": _text("tampered or missing", enum=["tampered", "missing"]),
                    "stale_s": _number("How old its timestamp is"),
                    "split": _flag("One event a request"),
                    "without_message_id": _flag("Without sg_message_id, like an asynchronous bounce"),
                }
            ),
        }
    ),
    ("DELETE", "/_mock/faults"): _object({"account": _text("Only this account's")}, closed=False),
    ("POST", "/_mock/gates"): _object({"match": _MATCH}),
    ("POST", "/_mock/reset"): _object(
        {"account": _text("Only this one"), "provider": _text("Its provider")}, closed=False
    ),
    ("POST", "/_mock/accounts"): _object(
        {"provider": _text("twilio or sendgrid", enum=["twilio", "sendgrid"])}, "provider", closed=False
    ),
    ("PATCH", "/_mock/accounts/{provider}/{account}"): _object({}, closed=False),
    ("POST", "/_mock/twilio/{account}/messages/{sid}/status"): _object(
        {
            "status": _text("The status it moves to"),
            "told_as": _TOLD_AS,
            "told_of": _text("The SID that is told instead, of another system's message: then nothing moves"),
            "error_code": _count("With failed and undelivered"),
            "duplicate": _count("How often the callback is sent", minimum=1, maximum=100),
            "url": _URL,
            "signature": _TWILIO_SIGNED,
            "at_once": _AT_ONCE,
            "as": _AS,
        },
        "status",
    ),
    ("POST", "/_mock/twilio/{account}/inbound"): _object(
        {
            "from": _text("Who writes"),
            "to": _text("The account's number"),
            "body": _text("The text"),
            "media": {"type": "array", "description": "URLs, or objects with url and content_type"},
            "sid": _text("Repeats a delivery"),
            "params": {"type": "object", "description": "Any parameters of the vendor's, besides the usual or instead"},
            "profile_name": _text("WhatsApp: who writes"),
            "button": {
                **_object({"text": _text("ButtonText"), "payload": _text("ButtonPayload")}),
                "description": "WhatsApp: the button that was tapped",
            },
            "list": {
                **_object(
                    {"id": _text("ListId"), "title": _text("ListTitle"), "description": _text("ListDescription")}
                ),
                "description": "WhatsApp: what was chosen of a list",
            },
            "url": _URL,
            "signature": _TWILIO_SIGNED,
            "at_once": _AT_ONCE,
            "as": _AS,
        },
        "from",
        "to",
    ),
    ("POST", "/_mock/twilio/{account}/whatsapp"): _object(
        {
            "sender": _text("The account's address"),
            "user": _text("The person's address"),
            "open": _flag("true: as if the person had written now; false: as if never"),
        },
        "sender",
        "user",
    ),
    ("POST", "/_mock/twilio/{account}/contents/{sid}/approval"): _object(
        {
            "status": _text("What WhatsApp says", enum=["pending", "approved", "rejected", "paused", "disabled"]),
            "rejection_reason": _text("Why"),
        },
        "status",
    ),
    ("POST", "/_mock/sendgrid/{account}/events"): _object(
        {
            "events": {
                "type": "array",
                "description": "Events; fields given replace the generated ones, and `told_as` the name of its type",
            },
            "message": _text("X-Message-Id of the mail the event is of"),
            "event": _text("processed, delivered, bounce, …"),
            "url": _URL,
            "signature": _SENDGRID_SIGNED,
            "at_once": _AT_ONCE,
            "as": _AS,
        },
        closed=False,
    ),
    ("POST", "/_mock/sendgrid/{account}/inbound"): _object(
        {
            "from": _text("Who writes"),
            "to": _text("To whom"),
            "subject": _text("Subject"),
            "text": _text("Plain text"),
            "html": _text("HTML"),
            "headers": {"type": "object", "description": "Headers; Message-ID repeats a delivery, null leaves one out"},
            "attachments": {"type": "array", "description": "Objects with filename, content (base64) and type"},
            "raw": _flag("The whole message as one MIME text, or not; otherwise as the host's parse setting says"),
            "url": _URL,
            "signature": {**_SENDGRID_SIGNED, "description": "Of a body given by `as`; the form is never signed"},
            "at_once": _AT_ONCE,
            "as": _AS,
        },
        "from",
        "to",
    ),
    ("POST", "/_mock/sendgrid/{account}/suppressions"): _object(
        {
            "kind": _text("bounces, blocks, spam_reports, invalid_emails, unsubscribes"),
            "email": _text("Address"),
            "reason": _text("Why"),
            "status": _text("SMTP status"),
        },
        "kind",
        "email",
    ),
}

SUMMARIES: dict[Key, str] = {
    ("GET", "/_mock/health"): "Whether the server is well, its last sequence number, calls in flight, its Unix time.",
    ("GET", "/_mock/calls"): "What was recorded, oldest first, a page at a time.",
    ("GET", "/_mock/calls/{call}/rendered"): "What each recipient of a mail would see.",
    ("GET", "/_mock/calls/{call}/body"): "The whole body of a call.",
    ("GET", "/_mock/calls/{call}/attachments/{n}"): "An attachment of a mail.",
    ("GET", "/_mock/wait"): "Answers when enough entries match, or at the deadline with the nearest misses.",
    ("GET", "/_mock/segments"): "How many segments a text takes.",
    ("GET", "/_mock/unsupported"): "Operations of the vendors that were asked for and aren't here, by their shape.",
    ("GET", "/_mock/export"): "The record as JSON lines or as a HAR archive.",
    ("POST", "/_mock/replay"): "Takes a record's answers as the answers to come.",
    ("GET", "/_mock/faults"): "The faults that are set, with their hits.",
    ("POST", "/_mock/faults"): "Sets a fault for matching calls or webhooks.",
    ("DELETE", "/_mock/faults"): "Removes all faults, or one account's; says which were never hit.",
    ("DELETE", "/_mock/faults/{id}"): "Removes a fault.",
    ("GET", "/_mock/gates"): "The closed gates, with the calls that wait at them.",
    ("POST", "/_mock/gates"): "Withholds the answers of matching calls.",
    ("GET", "/_mock/gates/{id}"): "A gate, when so many calls were withheld at it, or at the deadline.",
    ("DELETE", "/_mock/gates/{id}"): "Opens a gate: everything withheld at it goes out.",
    ("POST", "/_mock/reset"): "Forgets what an account, or everyone, did, and takes their faults away.",
    ("GET", "/_mock/accounts"): "The accounts and their settings, without secrets.",
    ("POST", "/_mock/accounts"): "Makes an account.",
    ("GET", "/_mock/accounts/{provider}/{account}"): "One account.",
    ("PATCH", "/_mock/accounts/{provider}/{account}"): "Changes an account's settings.",
    ("POST", "/_mock/twilio/{account}/messages/{sid}/status"): "Moves a message and sends its status callback.",
    ("POST", "/_mock/twilio/{account}/inbound"): "Delivers an inbound message to the stack.",
    ("GET", "/_mock/twilio/{account}/whatsapp"): "Who wrote to whom, and until when free text may go back.",
    ("POST", "/_mock/twilio/{account}/whatsapp"): "Opens or closes a window.",
    ("GET", "/_mock/twilio/{account}/contents"): "Content templates, with what WhatsApp says of them.",
    ("POST", "/_mock/twilio/{account}/contents/{sid}/approval"): "What WhatsApp says of a template from now on.",
    ("GET", "/_mock/twilio/{account}/verifications"): "Verifications with their codes, also those that are over.",
    ("POST", "/_mock/sendgrid/{account}/events"): "Posts events to the stack's Event Webhook.",
    ("POST", "/_mock/sendgrid/{account}/inbound"): "Delivers a mail to the stack as Inbound Parse does.",
    ("POST", "/_mock/sendgrid/{account}/suppressions"): "Puts an address on a suppression list.",
    ("GET", "/_mock/sendgrid/{account}/resources"): "The keys, senders, webhooks and settings an account made.",
    ("POST", "/_mock/sendgrid/{account}/verified_senders/{id}/verify"): "Verifies a sender, as its owner would.",
    ("GET", "/_mock/openapi.json"): "This document.",
    ("GET", "/_mock/docs"): "This document, to read.",
    ("GET", "/health"): "Whether the server is well.",
    ("GET", "/metrics"): "Figures for Prometheus.",
}
