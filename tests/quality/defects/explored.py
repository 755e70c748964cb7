"""Bugs that a team would ship and a calm run doesn't show: it takes company, a crash or a contradiction to meet them.

`because` are words of what is said of a generated program that meets one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.quality.defects.defect import Defect


def report_moves_back() -> None:
    """Whatever a report says is written, also after a final one."""
    from messaging_stack.status import may_move_sql
    from messaging_stack.store import transitions

    never_back = may_move_sql("m.status", "b.becomes")
    transitions._APPLY_REPORTS = transitions._APPLY_REPORTS.replace(never_back, "m.status <> b.becomes")


def bounces_ignored() -> None:
    """SendGrid's bounces are logged, and no more."""
    from messaging_stack import status

    del status.SENDGRID_REPORTS["bounce"]


def signature_of_replies_unchecked() -> None:
    """Whoever knows the address may write in anybody's name."""
    from messaging_stack import signatures

    setattr(signatures, "check_twilio_form", lambda **_: None)  # noqa: B010


def lines_run_together() -> None:
    """White space is squeezed before the call."""
    from messaging_stack.providers.base import Outgoing

    _outgoing(Outgoing, lambda message: replace(message, body=" ".join(message.body.split())))


def pictures_lost() -> None:
    """A picture message goes out as its text alone."""
    from messaging_stack.providers.base import Outgoing

    _outgoing(Outgoing, lambda message: replace(message, attachments=[]) if message.type == "mms" else message)


def mail_escaped() -> None:
    """A mail's text is escaped as if it were HTML."""
    from html import escape

    from messaging_stack.providers.base import Outgoing

    _outgoing(Outgoing, lambda one: replace(one, body=escape(one.body)) if one.type == "email" else one)


def _outgoing(outgoing: Any, change: Any) -> None:
    from_row = outgoing.from_row
    outgoing.from_row = staticmethod(lambda row: change(from_row(row)))


def left_over_forgotten() -> None:
    """A worker that starts takes new entries alone; what its predecessor had in hand stays there."""
    from messaging_stack.worker.consumer import Consumer

    async def nobodys(self: Any, *, count: int) -> Any:
        for none in ():
            yield none

    async def none_stale(self: Any, *, count: int) -> list[Any]:
        return []

    Consumer.left_over = nobodys
    Consumer.claim_stale = none_stale


def mail_error_is_final() -> None:
    """Texts are tried again after an error of their provider's, mails aren't."""
    from messaging_stack.errors import PermanentDeliveryError, TransientDeliveryError
    from messaging_stack.providers.sendgrid import SendGridClient

    send = SendGridClient.send

    async def once(self: Any, message: Any) -> Any:
        try:
            return await send(self, message)
        except TransientDeliveryError as error:
            raise PermanentDeliveryError(str(error)) from error

    SendGridClient.send = once


def refusal_tried_again() -> None:
    """A refusal for good is taken for a passing error."""
    from messaging_stack.errors import PermanentDeliveryError, TransientDeliveryError
    from messaging_stack.providers.twilio import TwilioClient

    send = TwilioClient.send

    async def stubborn(self: Any, message: Any) -> Any:
        try:
            return await send(self, message)
        except PermanentDeliveryError as error:
            raise TransientDeliveryError(str(error)) from error

    TwilioClient.send = stubborn


def rest_of_a_batch_dropped() -> None:
    """Of a batch the first eight are worked on, and all are acknowledged."""
    from messaging_stack.worker.processor import Processor

    take = Processor.take

    async def first_eight(self: Any, entries: Any) -> None:
        await take(self, entries[:8])
        for entry in entries[8:]:
            await self._acknowledger.acknowledge(entry)

    Processor.take = first_eight


def recipients_of_a_batch_mixed() -> None:
    """Messages that are claimed together go out with the neighbour's recipient where they are of one type."""
    from messaging_stack.store import transitions
    from messaging_stack.worker import processor

    claim = transitions.claim

    async def mixed(pool: Any, entries: Any) -> Any:
        rows = await claim(pool, entries)
        texts = [row for row in rows if row["message_type"] == "sms"]
        if len(texts) < 3:
            return rows
        to = {row["id"]: other["to_address"] for row, other in zip(texts, [*texts[1:], texts[0]], strict=True)}
        return [{**row, "to_address": to.get(row["id"], row["to_address"])} for row in rows]

    processor.transitions.claim = mixed


def acknowledged_before_recorded() -> None:
    """The entry is finished once the provider has the message; its row is written after that."""
    from messaging_stack.providers.base import Outgoing
    from messaging_stack.worker.processor import Processor

    async def early(self: Any, entry: Any, row: Any) -> None:
        outcome = await self._deliverer.deliver(
            Outgoing.from_row(row),
            provider=row["provider"],
            retry_count=row["retry_count"],
            max_retries=row["max_retries"],
        )
        if outcome.status == "sent":
            await self._acknowledger.acknowledge(entry)
        await self._recorder.record(outcome, provider=row["provider"])
        if outcome.status != "sent":
            await self._finish(entry, row["id"])

    Processor._deliver = early


def no_outbox() -> None:
    """The row is stored, then its entry is put on the stream; nobody knows of it in between."""
    from messaging_stack.api import dispatch
    from messaging_stack.api.dispatch import QueueDispatcher, _intent

    async def straight(self: Any, message: Any, *, idempotency_key: str | None) -> Any:
        store = dispatch.messages
        row, new = await store.insert(
            self._pool,
            message,
            max_retries=self._max_retries,
            queue=False,
            owner=None,
            idempotency_key=idempotency_key,
            request_hash=store.request_hash(message) if idempotency_key else None,
        )
        if new:
            await self._publisher.append([_intent(row)])
        return row, new

    QueueDispatcher.dispatch = straight


def early_reports_dropped() -> None:
    """A report about a message whose id isn't known yet is logged, and never looked at again."""
    from messaging_stack.worker.ledger import Recorder

    async def nothing(self: Any, provider: str, provider_message_ids: Any) -> None:
        """Whoever comes early comes for nothing."""

    Recorder.apply_reports = nothing


def bounces_ignored_and_one_never_done() -> None:
    """One message is in hand for ever, and bounces are ignored."""
    from messaging_stack.worker.processor import Processor

    deliver = Processor._deliver

    async def stuck(self: Any, entry: Any, row: Any) -> None:
        if not row["body"].startswith("stuck"):
            await deliver(self, entry, row)

    Processor._deliver = stuck
    bounces_ignored()


def _defect(name: str, because: str, install: Any) -> Defect:
    return Defect(name=name, caught_by="whole-record", because=because, install=install)


DEFECTS: tuple[Defect, ...] = (
    _defect("report moves back", "moved back", report_moves_back),
    _defect("bounces dropped", "a report was taken by which it is failed", bounces_ignored),
    _defect("unsigned replies taken", "expected", signature_of_replies_unchecked),
    _defect("lines run together", "the call carried", lines_run_together),
    _defect("pictures lost", "the call carried media", pictures_lost),
    _defect("mail escaped", "the call carried", mail_escaped),
    _defect("left over forgotten", "acknowledged by nobody", left_over_forgotten),
    _defect("mail error is final", "it was given up after 1 calls", mail_error_is_final),
    _defect("refusal tried again", "called again after", refusal_tried_again),
    _defect("rest of a batch dropped", "lost", rest_of_a_batch_dropped),
    _defect("recipients of a batch mixed", "the call went to", recipients_of_a_batch_mixed),
    _defect("acknowledged before recorded", "unrecorded", acknowledged_before_recorded),
    _defect("no outbox", "lost", no_outbox),
    _defect("early reports dropped", "a report was taken by which it is delivered", early_reports_dropped),
)
"""Each by itself."""
RESTLESS = _defect("lost and stuck", "a report was taken by which it is failed", bounces_ignored_and_one_never_done)
"""A stack that never comes to rest."""
