"""`POST /v3/mail/send`: every rule checked, then the mail's record."""

from __future__ import annotations

from typing import Any

from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.rules import Terms, broken_rules
from mock_providers.sendgrid.state.account import SendGridAccount
from mock_providers.sendgrid.state.mail import Mail, Recipient, subject_of

UNVERIFIED = Problem(
    "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved. "
    "Visit https://sendgrid.com/docs/for-developers/sending-email/sender-identity/ to see the Sender Identity "
    "requirements",
    "from",
)


def send_mail(account: SendGridAccount, payload: dict[str, Any]) -> Mail | None:
    """The accepted mail, or None in sandbox mode; raises SendGridError with every rule that is broken."""
    now = account.now()
    settings = account.settings
    problems = broken_rules(
        payload, Terms(now, settings.custom_args_bytes, account.suppressions.groups, settings.ip_pools)
    )
    batch_id = payload.get("batch_id")
    if isinstance(batch_id, str) and batch_id not in account.batches:
        problems.append(Problem("The batch ID is invalid.", "batch_id"))
    if problems:
        raise SendGridError(400, *problems)
    if (settings.verified_senders or account.senders) and not all(map(account.may_send_from, _senders(payload))):
        raise SendGridError(403, UNVERIFIED)
    if ((payload.get("mail_settings") or {}).get("sandbox_mode") or {}).get("enable"):
        return None
    message_id = account.token()
    mail = Mail(
        message_id=message_id,
        recipients=_recipients(account, message_id, payload),
        categories=payload.get("categories", []),
        created=now,
    )
    mail.batch_id = batch_id
    if account.suppressions:
        for recipient in mail.recipients:
            recipient.dropped = account.suppressions.reason_to_drop(recipient.email, payload)
    account.add(mail)
    return mail


def _senders(payload: dict[str, Any]) -> list[str]:
    """The addresses that mail goes out from: a personalization may have its own."""
    return [(block["from"] if "from" in block else payload["from"])["email"] for block in payload["personalizations"]]


def _recipients(account: SendGridAccount, message_id: str, payload: dict[str, Any]) -> list[Recipient]:
    shared = payload.get("custom_args") or {}
    suffix = f".recvd-{account.rng.getrandbits(40):010x}"
    recipients: list[Recipient] = []
    for block in payload["personalizations"]:
        own = block.get("custom_args")
        custom = {**shared, **own} if own else shared
        subject = subject_of(payload, block)
        sender = (block["from"] if "from" in block else payload["from"])["email"]
        send_at = block["send_at"] if "send_at" in block else payload.get("send_at")
        for kind in ("to", "cc", "bcc"):
            if kind in block:
                for person in block[kind]:
                    sg_message_id = f"{message_id}{suffix}-{len(recipients)}-0"
                    recipients.append(
                        Recipient(
                            person["email"],
                            sg_message_id=sg_message_id,
                            subject=subject,
                            custom_args=custom,
                            from_email=sender,
                            send_at=send_at,
                        )
                    )
    return recipients


def recipients_of(payload: Any) -> list[str]:
    """Every address of a payload, valid or not, as the journal keeps it."""
    found: list[str] = []
    blocks = payload.get("personalizations") if isinstance(payload, dict) else None
    for block in blocks if isinstance(blocks, list) else ():
        for kind in ("to", "cc", "bcc"):
            people = block.get(kind) if isinstance(block, dict) else None
            for person in people if isinstance(people, list) else ():
                email = person.get("email") if isinstance(person, dict) else None
                if isinstance(email, str):
                    found.append(email)
    return found


def sender_of(payload: Any) -> str | None:
    sender = payload.get("from") if isinstance(payload, dict) else None
    email = sender.get("email") if isinstance(sender, dict) else None
    return email if isinstance(email, str) else None


def text_of(payload: Any) -> str | None:
    """Subject and first content, which is what one searches a journal for."""
    if not isinstance(payload, dict):
        return None
    parts: list[str] = []
    if isinstance(payload.get("subject"), str):
        parts.append(payload["subject"])
    elif (blocks := payload.get("personalizations")) and isinstance(blocks, list) and isinstance(blocks[0], dict):
        subject = blocks[0].get("subject")
        parts += [subject] if isinstance(subject, str) else []
    content = payload.get("content")
    if isinstance(content, list) and content and isinstance(content[0], dict):
        value = content[0].get("value")
        parts += [value] if isinstance(value, str) else []
    return "\n".join(parts)
