"""Inbound Parse: a mail delivered to the stack as a multipart form, parsed or raw."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from mock_providers.at_once import AtOnce
from mock_providers.own_body import OwnBody
from mock_providers.sendgrid.state.account import SendGridAccount
from mock_providers.spoilt import Signature
from mock_providers.webhooks import Outcome, Webhook, Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundFile:
    """An attachment of an inbound mail."""

    filename: str
    content: bytes
    type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMail:
    """A mail that arrives for the stack."""

    sender: str
    to: str
    subject: str = ""
    text: str = ""
    html: str = ""
    headers: dict[str, str | None] = field(default_factory=dict)
    """Beside those that every mail has; None leaves one of those out."""
    attachments: tuple[InboundFile, ...] = ()


async def deliver_mail(
    webhooks: Webhooks,
    account: SendGridAccount,
    mail: InboundMail,
    *,
    url: str,
    raw: bool = False,
    spam_check: bool = True,
    at_once: AtOnce | None = None,
    own: OwnBody | None = None,
    signature: Signature = "valid",
) -> tuple[Outcome, str]:
    """Posts the form of a mail, or its `own` body; gives the outcome and the mail's Message-ID.

    `raw` is the whole message as one MIME text, `spam_check` adds the report and its score. With `at_once` it goes
    out together with others. The form is never signed; an own body is, as events are.
    """
    message_id = next((value for name, value in mail.headers.items() if name.lower() == "message-id"), None)
    if not message_id:
        message_id = f"<{account.token()}@mail.example.com>"
    written = {"From": mail.sender, "To": mail.to, "Subject": mail.subject, "Message-ID": message_id} | mail.headers
    headers = {name: " ".join(value.splitlines()) for name, value in written.items() if value is not None}
    recipient, sender = parseaddr(mail.to)[1] or mail.to, parseaddr(mail.sender)[1] or mail.sender
    form = {
        "dkim": "{@example.com : pass}",
        "to": mail.to,
        "from": mail.sender,
        "subject": mail.subject,
        "sender_ip": "198.51.100.17",
        **({"spam_report": "", "spam_score": "0.1"} if spam_check else {}),
        "envelope": json.dumps({"to": [recipient], "from": sender}),
        "charsets": json.dumps(dict.fromkeys(("to", "from", "subject", "text", "html"), "UTF-8")),
        "SPF": "pass",
    }
    files: tuple[InboundFile, ...] = ()
    if raw:
        form["email"] = _mime(mail, headers)
    else:
        form |= {
            "headers": "".join(f"{name}: {value}\n" for name, value in headers.items()),
            "text": mail.text,
            "attachments": str(len(mail.attachments)),
        }
        if mail.html:
            form["html"] = mail.html
        if mail.attachments:
            files = mail.attachments
            form["attachment-info"] = json.dumps(
                {
                    f"attachment{n}": {"filename": one.filename, "name": one.filename, "type": one.type}
                    for n, one in enumerate(files, 1)
                }
            )
            form["content-ids"] = "{}"
    boundary = f"xYzZY{account.rng.getrandbits(64):016x}"
    body = _multipart(form, files, boundary) if own is None else own.written()
    signed = account.signing_key.headers(account.now(), body, signature=signature) if own is not None else {}
    outcome = await webhooks.deliver(
        Webhook(
            provider="sendgrid",
            account=account.name,
            kind="parse",
            url=url,
            body=body,
            headers={
                "Content-Type": f"multipart/form-data; boundary={boundary}" if own is None else own.type,
                "User-Agent": "Sendlib/1.0",
                **signed,
            },
            message=message_id,
            to=[recipient],
            sender=sender,
            text=f"{mail.subject}\n{mail.text}",
            params=form if own is None else own.content,
            extra={"signature": signature} if own is not None else {},
            fault=webhooks.fault_for("sendgrid", account.name, "parse", to=[recipient], text=mail.subject),
            at_once=at_once,
        )
    )
    return outcome, message_id


def _mime(mail: InboundMail, headers: dict[str, str]) -> str:
    """The whole mail as one MIME message."""
    message = EmailMessage()
    for name, value in headers.items():
        message[name] = value
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for one in mail.attachments:
        maintype, _, subtype = one.type.partition("/")
        message.add_attachment(one.content, maintype=maintype, subtype=subtype or "octet-stream", filename=one.filename)
    return message.as_string()


def _multipart(form: dict[str, Any], files: tuple[InboundFile, ...], boundary: str) -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode("utf-8", "replace")
        for name, value in form.items()
    ]
    for n, one in enumerate(files, 1):
        name = one.filename.replace('"', "%22").replace("\r", "").replace("\n", "")
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="attachment{n}"; filename="{name}"\r\n'
            f"Content-Type: {one.type}\r\n\r\n"
        )
        parts.append(head.encode("utf-8", "replace") + one.content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode()
