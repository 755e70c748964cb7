"""Does the API show what is: a message as its row says, its times, each once on a list, in order?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from harness.checks.api_promises import NAME
from harness.checks.lacking import unless_lacking
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.flow import SUCCESS
from harness.profile import Profile

SLACK_S = 2.0
"""By how much a time that is shown may differ from one that was seen: it may be another machine's, or rounded."""


@check(NAME, "what the API shows of a message at rest is what its row says")
def shown_as_stored(_: History, flow: Flow, profile: Profile, *, look: Event) -> Answers:
    """Judges a look at a message that is at rest against its row."""
    told, row = look.data.get("message_status"), flow.statuses[-1:]
    if not row or row[0][1].data.get("sampled"):
        yield undecided("its row isn't seen, so nothing can be compared", [look], absent=["database.status"])
    elif look.data.get("status") not in SUCCESS or told is None:
        reason = f"the look at it was answered {look.data.get('status')}, and no status stands at [look] status"
        yield undecided(reason, [look], remedy="[look] path and status")
    elif told != row[0][0]:
        yield refuted(f"the API shows it as {told}, and its row says {row[0][0]}", [look, row[0][1]])
    else:
        yield shown(f"the API and its row say {told}", [look, row[0][1]])


@check(NAME, "a message that is stored is shown, also before anybody has worked on it")
def shown_at_once(history: History, flow: Flow, profile: Profile, *, looks: Sequence[Event]) -> Answers:
    """Judges looks at one message: the first as soon as it was taken, the last at rest.

    Where no look shows it, it isn't shown there, or not under that id; of what wasn't stored yet nothing is owed.
    """
    first, last, row = looks[0], looks[-1], flow.first("database.inserted")
    told = f"the look at it was answered {first.data.get('status')}"
    asked = next(
        (one for one in flow.of("api.requested") if one.data.get("request") == first.data.get("request")), None
    )
    dated = row is not None and asked is not None and not row.data.get("sampled")
    before = Facts(history).earlier(row, asked) if dated and row and asked else None
    if first.data.get("status") in SUCCESS:
        yield shown("it was shown as soon as it was taken", [first])
    elif last.data.get("status") not in SUCCESS or first.data.get("status") is None:
        yield undecided(told, [*looks], remedy="[look] path")
    elif row is not None and before:
        yield refuted(f"its row was there, and {told}: it was shown later", [row, first, last])
    elif before is False:
        yield shown(f"{told}: it wasn't stored yet", [first, last])
    else:
        yield undecided(f"{told}, and whether it was stored by then can't be told", [*looks])


@check(NAME, "the times that the API shows of a message are those at which it happened")
def times_are_so(history: History, flow: Flow, profile: Profile, *, look: Event, times: Mapping[str, Any]) -> Answers:
    """Judges the times that a look showed of a message at rest: `times` by the names of `[look] times`."""
    happened = {
        "created": (flow.first("api.requested"), flow.acceptance),
        "sent": (flow.calls[0] if flow.calls else None, look if flow.accepted_calls else None),
        "delivered": (flow.first("callback.sent"), look if flow.status == profile.statuses.delivered else None),
    }
    known: dict[str, float] = {}
    for name, value in times.items():
        begin, end = happened[name]
        at, zone = instant(value)
        if begin is None or end is None:
            continue  # it hasn't been, so there is nothing to show
        if value is None:
            yield refuted(f"it shows no time at which the message was {name}", [begin, look])
        elif at is None:
            yield undecided(f"what it shows as the time it was {name} is none: {value!r}", [look])
        elif zone and not begin.at - SLACK_S <= at <= end.at + SLACK_S:
            off = at - begin.at if at < begin.at else at - end.at
            yield refuted(f"it shows a time {off:+.1f} s off as the one at which it was {name}", [begin, end, look])
        else:
            known[name] = at
    order = [known[name] for name in ("created", "sent", "delivered") if name in known]
    if order != sorted(order):
        yield refuted(f"the times that it shows are in no order that can be: {known}", [look])
    elif known:
        yield shown(f"{', '.join(known)}: as it happened", [look])
    else:
        yield undecided("it shows no time of it", [look])


def instant(value: Any) -> tuple[float | None, bool]:
    """A time as Unix seconds, and whether it says of which zone it is; None for what is no time."""
    if isinstance(value, bool):
        return None, False
    if isinstance(value, int | float):
        return (value / 1000 if value > 1e11 else float(value)), True
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return None, False
    return read.timestamp(), read.tzinfo is not None


@check(NAME, "a list has each message once, page by page")
def listed_once(
    _: History, evidence: Sequence[Event], *, pages: Sequence[Sequence[str]], sent: Sequence[str], growing: bool
) -> Answers:
    """Judges pages that were read one after the other: the ids on each, and those of messages stored before them.

    While others are stored (`growing`), what moved on to the next page may be shown again; at rest, nothing may.
    """
    seen = [name for page in pages for name in page if name in set(sent)]
    missing = [name for name in sent if name not in seen]
    again = [name for name in sent if seen.count(name) > 1]
    if not any(pages):
        said = evidence[-1].data.get("status") if evidence else None
        yield undecided(
            f"no message is listed: it was answered {said}", evidence, remedy="[listing] path, items and id"
        )
    elif pages[-1:] == pages[-2:-1]:
        reason = "the second page is the first one again: a page isn't asked for as [listing] says"
        yield undecided(reason, evidence, remedy="[listing] limit and offset")
    elif missing:
        when = "while others were stored" if growing else "at rest"
        yield refuted(f"{len(missing)} of {len(sent)} messages are on no page {when}: {missing[0]}", evidence)
    elif again and not growing:
        yield refuted(f"{len(again)} of {len(sent)} messages are on several pages at rest: {again[0]}", evidence)
    else:
        yield shown(f"{len(sent)} messages on {len(pages)} pages", evidence)


@check(NAME, "the messages of a conversation are listed in the order in which they were made")
def in_order(_: History, evidence: Event, *, listed: Sequence[str], made: Sequence[str]) -> Answers:
    """Judges the ids of one conversation's messages as they are listed, against the order in which they were stored."""
    common = [name for name in listed if name in set(made)]
    if len(common) < 2:
        reason = f"{len(common)} of {len(made)} messages of the conversation are listed by an id that is known"
        yield undecided(reason, [evidence], remedy="[conversations] messages, held and message_id")
    elif common not in (straight := [name for name in made if name in set(common)], straight[::-1]):
        reason = f"{len(common)} messages are listed neither in the order in which they were made nor in its reverse"
        yield refuted(reason, [evidence])
    else:
        yield shown(f"{len(common)} messages in order", [evidence])


@check(NAME, "a conversation lists all messages of it, whoever wrote them")
def none_left_out(
    _: History, evidence: Event, profile: Profile, *, listed: Sequence[str], made: Sequence[str]
) -> Answers:
    """Judges the ids of one conversation's messages as they are listed: each that was stored, and is known by its id.

    Where as many are listed as were made, some may go by other ids.
    """
    missing = [name for name in made if name not in set(listed)]
    reason = f"{len(missing)} of {len(made)} messages of the conversation aren't listed"
    if not missing:
        yield shown(f"{len(made)} messages, {len(listed)} listed", [evidence])
    elif listed and len(listed) < len(made):
        no = refuted(f"{reason}: {missing[0]}", [evidence])
        yield from unless_lacking([no], profile, "conversations")
    else:
        yield undecided(reason, [evidence], remedy="[conversations] messages, held and message_id")
