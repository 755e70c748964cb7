"""Of delivery reports: which are applied, to which message, and whether they may move one back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.quality.defects.defect import Defect

MAIL = ("sms", "email")
MINE = "JOIN messages m ON m.provider = l.provider AND m.provider_message_id = l.provider_message_id"


def _also_moves(condition: str) -> Callable[[], None]:
    """Applies reports beyond what the order of statuses allows: an SQL condition over the row `m` and the best `b`."""

    def install() -> None:
        """A report moves a message where none may move it."""
        from messaging_stack.store import transitions

        before, where, after = transitions._APPLY_REPORTS.rpartition("    WHERE (")
        assert condition not in before, "installed twice"
        rule, order, rest = after.partition("\n    ORDER BY m.id")
        transitions._APPLY_REPORTS = f"{before}{where}{rule} OR ({condition}){order}{rest}"

    return install


def _batch(choose: Callable[[list[Any]], list[Any]]) -> Callable[[], None]:
    """Takes of a batch of events only some."""

    def install() -> None:
        """Of a batch only some events are read."""
        from messaging_stack import reports

        read = reports.from_sendgrid
        reports.from_sendgrid = lambda content: read(choose(content) if isinstance(content, list) else content)

    return install


def _means(name: str, meaning: str | None, *, of: str = "sendgrid") -> Callable[[], None]:
    """Takes a word of a provider's for another status, or for nothing."""

    def install() -> None:
        """A word of a provider's is taken for another status, or for nothing."""
        from messaging_stack import status

        words: dict[str, Any] = status.SENDGRID_REPORTS if of == "sendgrid" else status.TWILIO_REPORTS
        words.pop(name, None)
        if meaning is not None:
            words[name] = meaning

    return install


def last_of_each(events: list[Any]) -> list[Any]:
    """What stands last in the batch of each mail, whatever its time says."""
    return list({str(event.get("sg_message_id")): event for event in events}.values())


def unknown_type() -> None:
    """An event of a type that isn't in the table raises."""
    from messaging_stack import reports

    read = reports._from_event
    known = ("processed", "deferred", "delivered", "bounce", "dropped", "open", "click", "spamreport")
    more = ("unsubscribe", "group_unsubscribe", "group_resubscribe")

    def strict(event: dict[str, Any]) -> Any:
        dict.fromkeys((*known, *more), None)[event["event"]]
        return read(event)

    reports._from_event = strict


def unknown_type_ends_the_batch() -> None:
    """What raises in the middle of a batch is logged, and what stands behind it is forgotten."""
    from messaging_stack import reports

    read = reports._from_event

    def until_it_raises(content: Any) -> list[Any]:
        found = []
        for event in content:
            if not event.get("sg_message_id"):
                break
            found.append(read(event))
        return found

    reports.from_sendgrid = until_it_raises


def id_is_required() -> None:
    """A batch with an event that names no mail is refused whole."""
    from messaging_stack import reports
    from messaging_stack.errors import InvalidMessage

    read = reports._from_event

    def strict(event: dict[str, Any]) -> Any:
        if not event.get("sg_message_id"):
            raise InvalidMessage("expected sg_message_id")
        return read(event)

    reports._from_event = strict


def everyone_of_the_recipient() -> None:
    """A report is looked up by whom the message went to."""
    from messaging_stack.store import transitions

    its = MINE.replace(" m ", " k ").replace(" m.", " k.")
    theirs = "JOIN messages m ON m.to_address = k.to_address AND m.provider = k.provider AND m.direction = 'outbound'"
    assert MINE in transitions._APPLY_REPORTS, "the statement reads otherwise now"
    transitions._APPLY_REPORTS = transitions._APPLY_REPORTS.replace(MINE, f"{its} {theirs}")


def strangers_move_the_newest() -> None:
    """A report whose message isn't known is taken for the newest one's."""
    from dataclasses import replace

    from messaging_stack import reports

    take = reports.take
    known = "SELECT 1 FROM messages WHERE provider_message_id = $1"
    newest = "SELECT provider_message_id FROM messages WHERE status = 'sent' ORDER BY created_at DESC LIMIT 1"

    async def guessed(pool: Any, found: Any) -> Any:
        named = []
        for one in found:
            its = one.provider_message_id
            if not await pool.fetchval(known, its):
                its = await pool.fetchval(newest)
            named.append(replace(one, provider_message_id=its))
        return await take(pool, named)

    reports.take = guessed


def strangers_raise() -> None:
    """A report whose message isn't known raises."""
    from messaging_stack import reports

    take = reports.take

    async def strict(pool: Any, found: Any) -> Any:
        for one in found:
            query = "SELECT id FROM messages WHERE provider_message_id = $1"
            if one.provider == "twilio" and not await pool.fetchval(query, one.provider_message_id):
                raise LookupError(one.provider_message_id)
        return await take(pool, found)

    reports.take = strict


def too_early_is_forgotten() -> None:
    """A report whose message isn't known yet is not kept."""
    from messaging_stack import reports

    take = reports.take

    async def careless(pool: Any, found: Any) -> Any:
        ids = [one.provider_message_id for one in found]
        query = "SELECT provider_message_id FROM messages WHERE provider_message_id = ANY($1::text[])"
        known = {row["provider_message_id"] for row in await pool.fetch(query, ids)}
        return await take(pool, [one for one in found if one.provider_message_id in known])

    reports.take = careless


def looked_at_then_written() -> None:
    """Each report reads the row's status, decides, and then writes it, with nothing held in between."""
    from dataclasses import replace

    from messaging_stack import reports
    from messaging_stack.status import may_move

    take = reports.take

    async def careless(pool: Any, found: Any) -> Any:
        for one in found:
            query = "SELECT id, status FROM messages WHERE provider_message_id = $1"
            row = await pool.fetchrow(query, one.provider_message_id) if one.status else None
            if row and may_move(row["status"], one.status):
                await pool.execute("UPDATE messages SET status = $2 WHERE id = $1", row["id"], one.status)
        return await take(pool, [replace(one, status=None) for one in found])

    reports.take = careless


def back_to_the_queue() -> None:
    """Twilio's `queued` is taken for the stack's own."""
    from messaging_stack import reports

    take = reports.take

    async def mistaken(pool: Any, found: Any) -> Any:
        for one in found:
            if one.provider == "twilio" and one.payload.get("MessageStatus") == "queued":
                query = "UPDATE messages SET status = 'pending' WHERE provider_message_id = $1 AND status <> 'failed'"
                await pool.execute(query, one.provider_message_id)
        return await take(pool, found)

    reports.take = mistaken


def _defect(name: str, because: str, install: Callable[[], None], *, mail: bool = False) -> Defect:
    return Defect(
        name=name, caught_by="webhooks", because=because, install=install, channels=MAIL if mail else ("sms",)
    )


UNTOLD = "no report about it says so"
DEFECTS: tuple[Defect, ...] = (
    _defect("delivered after failed", "moved back", _also_moves("m.status = 'failed' AND b.becomes = 'delivered'")),
    _defect("sent after delivered", "moved back", _also_moves("m.status = 'delivered' AND b.becomes = 'sent'")),
    _defect("only the first event", "expected delivered", _batch(lambda events: events[:1]), mail=True),
    _defect("only the last event", "expected delivered", _batch(lambda events: events[-1:]), mail=True),
    _defect("only the last event of a mail", "expected delivered", _batch(last_of_each), mail=True),
    _defect("a hundred events at most", "expected delivered", _batch(lambda events: events[:100]), mail=True),
    _defect("bounces ignored", "expected failed", _means("bounce", None), mail=True),
    _defect("drops ignored", "expected failed", _means("dropped", None), mail=True),
    _defect("undelivered ignored", "expected failed", _means("undelivered", None, of="twilio")),
    _defect("deferred is failed", UNTOLD, _means("deferred", "failed"), mail=True),
    _defect("processed is delivered", UNTOLD, _means("processed", "delivered"), mail=True),
    _defect("queued goes back", "moved back", back_to_the_queue),
    _defect("an unknown event raises", "was answered 500", unknown_type, mail=True),
    _defect("a bad event ends the batch", "expected", unknown_type_ends_the_batch, mail=True),
    _defect("an event without an id spoils the batch", "was answered 422", id_is_required, mail=True),
    _defect("everyone of the recipient", UNTOLD, everyone_of_the_recipient),
    _defect("a stranger's report moves the newest", UNTOLD, strangers_move_the_newest),
    _defect("a stranger's report raises", "was answered 500", strangers_raise),
    _defect("too early is forgotten", "expected delivered", too_early_is_forgotten),
    _defect("reports at once race", "moved back", looked_at_then_written),
)
