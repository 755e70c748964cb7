"""An accepted mail: who gets it, and what its events carry."""

from __future__ import annotations

from random import Random
from typing import Any

from mock_providers.lifecycle import Plan, Script, plan_from


class Recipient:
    """One addressee of a mail, with an id of its own and its place in the script."""

    __slots__ = (
        "custom_args", "dropped", "email", "events", "from_email", "plan", "reported", "script", "send_at",
        "sg_message_id", "subject",
    )  # fmt: skip

    def __init__(
        self,
        email: str,
        *,
        sg_message_id: str,
        subject: str,
        custom_args: dict[str, str],
        from_email: str,
        send_at: float | None,
    ) -> None:
        self.email = email
        self.sg_message_id = sg_message_id
        self.subject = subject
        self.custom_args = custom_args
        self.from_email = from_email
        self.send_at = send_at
        self.script: Script = ()
        self.plan: Plan = ()
        self.dropped: str | None = None
        self.reported = False
        self.events: list[dict[str, Any]] = []


class Mail:
    """One call to `mail/send` that was accepted."""

    __slots__ = ("batch_id", "categories", "created", "message_id", "recipients")

    def __init__(
        self,
        *,
        message_id: str,
        recipients: list[Recipient],
        categories: list[str],
        created: float,
    ) -> None:
        self.message_id = message_id
        self.recipients = recipients
        self.categories = categories
        self.created = created
        self.batch_id: str | None = None

    def draw(self, recipient: Recipient) -> None:
        """Draws a recipient's plan, by its id: the same one has the same plan."""
        if recipient.script:
            begins = max(recipient.send_at or 0.0, self.created)
            rng = Random(recipient.sg_message_id)  # noqa: S311  # reason: chance that can be repeated
            recipient.plan = plan_from(recipient.script, now=begins, rng=rng)
            recipient.script = ()


def subject_of(mail: dict[str, Any], block: dict[str, Any]) -> str:
    return str(block.get("subject") or mail.get("subject") or "")
