"""A failing test's hindsight in words: a few lines for a terminal, and the whole flow with the look in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.hindsight.afterwards import Afterwards
from harness.hindsight.touched import UNNAMED, UNNAMED_FLOW
from harness.history import Event
from harness.history.story import brief, last_words, tell
from harness.visible import visible

MOST_LATER: Final = 3


def short(found: Afterwards, *, record: str = "") -> str:
    """The story in a few lines: what was seen, what came when, and the line that makes it right, where there is one.

    `record` are the options by which `harness trace` finds the record.
    """
    lines = [look_line(found), *happened(found), *advice(found)]
    if found.others:
        lines.append(f"{found.others} more message{'s' * (found.others > 1)} of this test in the record")
    lines.append(" ".join(["the whole of it: harness trace", found.subject.name, record]).rstrip())
    return visible("\n".join(lines))


def whole(found: Afterwards, *, record: str = "") -> str:
    """The same, and the message's flow with the look in its place, and what each source last said."""
    mark = found.nearest.event if found.nearest and found.nearest.event else None
    flow = tell(found.flow.events, witnesses=[mark] if mark else (), start=found.sent_at)
    said = last_words(found.subject.history.events())
    return visible(
        f"{short(found, record=record)}\nits flow (» what the test looked for):\n{flow}\neach source last said:\n{said}"
    )


def look_line(found: Afterwards) -> str:
    failure = found.failure
    since = ms(found.at - found.sent_at)
    state = f"it was {found.then.status!r}" if found.then.status else "no row of it was recorded"
    did = "looked" if found.nearest or found.unknown else "failed"
    return f"{failure.where} {did} {since} after the send ({failure.statement}): {state}"


def happened(found: Afterwards) -> Iterator[str]:
    """When what the test looked for came, or that it didn't, and what was under way at the look."""
    near = found.nearest
    if near is not None and near.event is not None:
        yield when(found, near.event, near.what, none_of_it=near.none_of_it)
    elif near is not None and not near.met and not near.none_of_it:
        still = f"; after {found.waited_s:.1f} s {listed(found.still)}" if found.still else ""
        yield f"{near.what} never came: {near.progress.why}{still}"
    if found.under_way:
        yield f"under way at the look: {listed(found.under_way)}"
    if found.unknown:
        yield f"{found.unknown!r} is no status that the profile knows: {listed(found.known)}"
    elif near is None:
        yield from came(found)


def when(found: Afterwards, event: Event, what: str, *, none_of_it: bool) -> str:
    """When an event came, told from the look."""
    after = event.at - found.at
    if event in found.later:
        if after >= 0:
            return f"{what} came {ms(after)} after the look"
        return f"{what} had come {ms(-after)} before the look, and was read only after it"
    if none_of_it:
        return f"{what} came {ms(-after)} before the look"
    state = event.kind.startswith("database.")
    until = next((one.at for _, one in found.then.statuses if one.seq > event.seq), None) if state else None
    if until is None:
        return f"{what} had come {ms(-after)} before the look"
    return (
        f"it was {what} from {ms(event.at - found.sent_at)} after the send until {ms(found.at - until)} before the look"
    )


def came(found: Afterwards) -> Iterator[str]:
    """What came later at all, where nothing says what the test looked for."""
    if not found.later:
        if not found.under_way:
            yield "nothing of it was under way at the look, and nothing came later: no wait changes what it saw"
        return
    first = ", ".join(f"{e.kind} {brief(e)} (+{ms(e.at - found.at)})" for e in found.later[:MOST_LATER])
    more = len(found.later) - MOST_LATER
    yield f"after the look came {first}{f' and {more} more' if more > 0 else ''}"


def advice(found: Afterwards) -> Iterator[str]:
    """The line that would have been right, and why; or that no line is."""
    near = found.nearest
    if near is None:
        return
    code = found.subject.code
    if near.none_of_it:
        yield "that nothing has happened yet is a matter of speed, unless something is kept from happening:"
        yield "    with stack.worker.held():"
        yield f"        {code} = stack.send(...)" if code.isidentifier() else "        ..."
        yield f"        {code}{near.code}"
    elif near.met:
        if near.shared:
            yield "what it counted is of all messages, and others come and go"
        yield "a look at what moves sees it by chance; this waits, and what already happened counts:"
        yield f"    {code}{near.code}"
        yield from wanting(found)
    elif near.progress.state == "impossible":
        yield "no wait makes the test right: it is the stack that is wrong, or what the test expects of it"
    else:
        yield "the nearest expectation, which says so itself, with the evidence:"
        yield f"    {code}{near.code}"


def wanting(found: Afterwards) -> Iterator[str]:
    """What the line needs that the test hasn't at hand."""
    code, names = found.subject.code, {**found.failure.frame.f_globals, **found.failure.local}
    if f"({UNNAMED})" in code and UNNAMED not in names:
        yield f"{UNNAMED} is the id that the send was answered with"
    if code == UNNAMED_FLOW and UNNAMED_FLOW not in names:
        yield f"{UNNAMED_FLOW} is what the send returned"
    if code.startswith("stack.") and "stack" not in names:
        yield "stack is the fixture that the test then takes; what is expected is imported from harness"


def listed(words: tuple[str, ...]) -> str:
    return ", ".join(words)


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
