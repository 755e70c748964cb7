"""What one message showed, as lines of the profile: what was seen takes the place of what was guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from harness.discovery import mocks
from harness.discovery.draft import Draft
from harness.discovery.tables import Table
from harness.discovery.traces import pointer_in
from harness.discovery.trial import Seen
from harness.discovery.words import BODY, ID, PROVIDER_ID, STATUS, first, is_between, step_of
from harness.profile.pointers import plain, pointed
from harness.profile.templates import names_in

Say = Callable[[str], None]
WHY: Final = "the message that was sent"
SAYS: Final = {"queued": "is first", "sent": "is last"}


def mend(draft: Draft, seen: Seen, *, say: Say) -> None:
    """Puts into the draft what was seen of a message, and says each thing in a line."""
    channel = seen.message.type
    tell_answer(seen, say=say)
    if seen.table is not None:
        put_table(draft, seen, seen.table, say=say)
    put_id(draft, seen, say=say)
    put_statuses(draft, seen, say=say)
    put_calls(draft, seen, channel, say=say)


def tell_answer(seen: Seen, *, say: Say) -> None:
    shown = str(seen.body)
    say(f"the API answered {seen.status}: {shown if len(shown) <= 100 else shown[:99] + '…'}")


def put_table(draft: Draft, seen: Seen, table: Table, *, say: Say) -> None:
    """Notes the table in which the row came to stand, and what its columns turned out to mean."""
    row = seen.last
    columns = dict(draft.get("database", "columns", default={})) if draft.get("database", "table") == table.name else {}
    columns["id"] = table.id or columns.get("id", "")
    columns["status"] = status_of(seen, table) or columns.get("status", "")
    columns["body"] = body_of(row, seen) or ""
    numbers = [str(entry["message"]) for entry in seen.answers if entry.get("message")]
    exact = [name for name, value in row.items() if value is not None and str(value) in numbers]
    columns["provider_id"] = first(exact, PROVIDER_ID) or (exact[0] if exact else columns.get("provider_id", ""))
    columns.setdefault("direction", "")
    if not columns["id"] or not columns["status"]:
        draft.ask(("database", "columns"), {"id": "id", "status": "status"}, f"the columns of {table.name}")
        return
    draft.put(("database", "table"), table.name, f"{WHY}: its row", "seen")
    draft.put(("database", "columns"), columns, f"{WHY}: its row", "seen")
    words = list(dict.fromkeys(str(one.get(columns["status"])) for one in seen.rows))
    way = f"{columns['status']} {' → '.join(words)}"
    say(f"its row stands in {table.name}: {columns['id']} = {row.get(columns['id'])}, {way}")


def status_of(seen: Seen, table: Table) -> str | None:
    """The column of the status: what is called so, else what went from one word to another."""
    if table.status is not None:
        return table.status
    before, after = seen.rows[0], seen.last
    moved = [
        name
        for name, value in after.items()
        if before.get(name) != value and isinstance(value, str | int) and step_of(str(value)) is not None
    ]
    return moved[0] if moved else None


def body_of(row: Mapping[str, Any], seen: Seen) -> str | None:
    holding = [name for name, value in row.items() if isinstance(value, str) and seen.message.token in value]
    exact = [name for name in holding if row[name] == seen.message.body]
    return first(exact or holding, BODY) or next(iter(exact or holding), None)


def put_id(draft: Draft, seen: Seen, *, say: Say) -> None:
    """Notes where in the answer the id stands: where the row's key is found again, else what is called so."""
    columns = draft.get("database", "columns", default={})
    wanted = str(seen.last[columns["id"]]) if seen.rows and columns.get("id") in seen.last else None
    pointer = pointer_in(seen.body, wanted) if wanted is not None else named_id(seen.body)
    if pointer is not None:
        draft.put(("send", "id"), pointer, f"{WHY}: the answer has its id there", "seen")
        say(f"its id was found at {pointer}")
        return
    headers = {name.lower(): value for name, value in seen.headers.items()}
    location = headers.get("location", "")
    if location and (wanted is None or location.rstrip("/").rpartition("/")[2] == wanted):
        where = {"header": "Location", "match": "[^/]+$"}
        draft.put(("send", "id"), where, f"{WHY}: Location: {location}", "seen")
        say(f"its id was found in the header Location: {location}")
        return
    if wanted is not None and (name := next((name for name, value in headers.items() if value == wanted), None)):
        draft.put(("send", "id"), {"header": name}, f"{WHY}: {name}: {wanted}", "seen")
        say(f"its id was found in the header {name}")
        return
    draft.drop(("send", "id"))
    draft.ask(("send", "id"), "/id", "where in the answer the message's id stands: a JSON pointer, or a header")
    say("its id wasn't found in the answer")


def named_id(body: Any) -> str | None:
    """Where something that is called an id stands."""

    def walk(value: Any, at: str, depth: int) -> str | None:
        if not isinstance(value, Mapping) or depth > 6:
            return None
        own = first([name for name, below in value.items() if plain(below) is not None], ID)
        if own is not None:
            return f"{at}/{own}"
        return next((one for name, below in value.items() if (one := walk(below, f"{at}/{name}", depth + 1))), None)

    return walk(body, "", 0)


def status_pointer(body: Any, words: Sequence[str]) -> str | None:
    """Where a status stands: what is called so, or one of the words that the row has."""

    def walk(value: Any, at: str, depth: int) -> str | None:
        if not isinstance(value, Mapping) or depth > 6:
            return None
        plainly = {name: plain(below) for name, below in value.items()}
        own = first([name for name, word in plainly.items() if word is not None], STATUS)
        own = own or next(
            (name for name, word in plainly.items() if word is not None and word in words and not word.isdecimal()),
            None,
        )
        if own is not None:
            return f"{at}/{own}"
        return next((one for name, below in value.items() if (one := walk(below, f"{at}/{name}", depth + 1))), None)

    return walk(body, "", 0)


def put_statuses(draft: Draft, seen: Seen, *, say: Say) -> None:
    """Notes where the status stands in answers, and the words of its way in the row and in the API."""
    column = draft.get("database", "columns", default={}).get("status")
    rows = list(dict.fromkeys(str(row.get(column)) for row in seen.rows)) if column else []
    answered = status_pointer(seen.body, rows)
    draft.put(("send", "status"), answered or "", f"{WHY}: what it was answered", "seen")
    shown = next((one for look in seen.looks if (one := status_pointer(look, rows)) is not None), None)
    looks: list[str] = []
    if shown is not None:
        draft.put(("look", "status"), shown, f"{WHY}: what the API shows of it", "seen")
        looks = [word for one in seen.looks if (word := plain(pointed(one, shown))) is not None]
        say(f"the API shows it with {shown} {' → '.join(dict.fromkeys(looks))}")
    elif draft.get("look", "path"):
        say(
            "the API showed nothing of it where a message is looked at"
            if not seen.looks
            else "no status in what the API shows"
        )
    first_api = (plain(pointed(seen.body, answered)) if answered else None) or (looks[0] if looks else None)
    last_api = looks[-1] if looks else None
    put_step(draft, "queued", begin_of(seen, rows, first_api), first_api)
    if not rows and not looks:
        draft.ask(("statuses", "sent"), "SENT", "the word for a message that the provider took")
        return
    last = rows[-1] if rows else looks[-1]
    ended = ending(seen, rows or list(dict.fromkeys(looks)), last)
    if ended is None:
        say(f"its last status was {last!r}; nobody knows what that means")
        return
    put_step(draft, ended, rows[-1] if rows else None, last_api)
    draft.ask(("statuses", "failed"), "FAILED", "the word for a message that won't be tried again; it wasn't seen")
    put_order(draft, rows or list(dict.fromkeys(looks)))


def begin_of(seen: Seen, rows: Sequence[str], api: str | None) -> str | None:
    """The row's first word: its column's default, the API's where the row may say it, else what was seen first.

    A worker may be faster than a look, so what was seen first may be a later word; None where that can't be told.
    """
    column = seen.table.column(status_of(seen, seen.table) or "") if seen.table is not None and rows else None
    if column is not None and column.default:
        return column.default
    if api is not None and (api in rows or (column is not None and api in column.words)):
        return api
    if rows and (
        step_of(rows[0]) == "queued" or (len(rows) > 1 and step_of(rows[0]) is None and not is_between(rows[0]))
    ):
        return rows[0]
    return None


def ending(seen: Seen, words: Sequence[str], last: str) -> str | None:
    """What the last word means: by its name; else, where a provider took the message, that it was sent."""
    named = step_of(last)
    if named in ("sent", "delivered", "failed"):
        return named
    took = any(isinstance(entry.get("status"), int) and entry["status"] < 300 for entry in seen.answers)
    return "sent" if took and len(words) > 1 else None


def put_step(draft: Draft, step: str, row: str | None, api: str | None) -> None:
    """Notes a step's word; where row and API differ, both."""
    known = draft.get("statuses", step)
    if row is None and isinstance(known, str | int):
        row = str(known)
    if row is None and api is None:
        return
    if row is None or api is None or row == api:
        word: Any = number(row) if row is not None else api
    else:
        word = {"row": number(row), "api": api}
    draft.put(("statuses", step), word, f"{WHY}: it {SAYS.get(step, 'ended so')}", "seen")


def number(word: str | None) -> Any:
    return int(word) if word is not None and word.isdecimal() and len(word) < 10 else word


def put_order(draft: Draft, words: Sequence[str]) -> None:
    """Notes the order, where words stand between the first and the last that the profile wouldn't expect there."""
    between = [word for word in words[1:-1] if word not in ("sending", "retry")]
    known = draft.get("statuses", "order", default=[])
    if between and not set(between) <= set(known):
        draft.put(("statuses", "order"), [number(word) for word in words], f"{WHY}: {' → '.join(words)}", "seen")
        draft.put(("statuses", "cycles"), [], f"{WHY}: {' → '.join(words)}", "seen")


def put_calls(draft: Draft, seen: Seen, channel: str, *, say: Say) -> None:
    """Notes the account that was called, the sender, and what was put behind the text."""
    called = [entry for entry in seen.calls if entry.get("type") == "called"]
    if not called:
        return
    one = called[0]
    provider = str(one.get("provider"))
    took = next((entry.get("status") for entry in seen.answers), None)
    times = "once" if len(called) == 1 else f"{len(called)} times"
    say(f"{provider} was called {times} ({one.get('method')} {one.get('path')}), and answered {took}")
    if one.get("account"):
        mocks.put_account(draft, provider, str(one["account"]), f"{WHY}: the call's account", seen=True)
    else:
        say("its credentials are those of no account of the mocks: give it those of one, or the mocks this account")
    sender = str(one.get("from") or "")
    carried = "from" in names_in([draft.get("send", "body", default="{from}")])
    said = draft.get("messages", "senders", default={})
    if sender and (sender != seen.message.sender or not (carried or channel in said)):
        senders = {**draft.get("providers", "senders", default={}), channel: sender}
        draft.put(("providers", "senders"), senders, f"{WHY}: the call's sender, whoever the message names", "seen")
        say(f"it was sent from {sender}, the stack's own sender")
    text = str(one.get("text") or "").removeprefix(f"{seen.message.subject}\n")
    if text.startswith(seen.message.body) and text != seen.message.body:
        footer = {**draft.get("messages", "footer", default={}), channel: text[len(seen.message.body) :]}
        draft.put(("messages", "footer"), footer, f"{WHY}: the call's text", "seen")
        say(f"the stack put {text[len(seen.message.body) :]!r} behind the text")
    elif text and text != seen.message.body and seen.message.token in text:
        draft.put(("messages", "changes"), [channel], f"{WHY}: the call's text was {text[:60]!r}", "seen")
        say("the stack changed the text")
