"""Does content arrive as it was sent: at the provider, and in what the stack shows of it, whichever way it came."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from harness.checks.carried import bare, mapping
from harness.checks.content import wrong_content
from harness.checks.differing import Found, asked_for, from_received, from_sent
from harness.checks.lacking import not_accepted
from harness.checks.sent import Sent
from harness.checks.verdict import Answers, Verdict, check, refuted, shown, undecided
from harness.checks.webhooks import stored_once
from harness.history import Event, Flow, History, key
from harness.profile import Profile
from harness.profile.claims import claimed, remedy

NAME = "content"
ARRIVES = "what is sent reaches its provider as it was sent: text, addresses, media, and all that a mail has"
KEPT = "the API shows a message as it was sent"
CAME = "what came in is stored once, and the API shows it as it came"
SHOWS = "[look] shows, with where in the answer each part of a message stands"
TO_BE_ASKED_AGAIN = 429
EACH_TIME = 3
LONGEST = 4000
"""Characters of an answer from which on more of it may be unseen."""
MOST = 3
"""So many that differ are told of: one is enough, and the shortest tells most."""


class Received(Protocol):
    """A message as a provider delivered it: its id there, and each part under its name in `[look] shows`."""

    @property
    def provider_id(self) -> str: ...
    @property
    def parts(self) -> Mapping[str, Any]: ...
    @property
    def says(self) -> str: ...


@check(NAME, ARRIVES)
def arrives_as_sent(history: History, profile: Profile, *, messages: Sequence[Sent]) -> Answers:
    """Judges messages at rest, the shortest first: which of them don't reach their provider as they were sent.

    What the API refuses (4xx) isn't carried, so nothing of it is asked. Its own error (5xx) is no refusal where it
    met the same text each time, and other texts were taken.
    """
    carried: list[Event] = []
    answered = {bare(message.reply_to) for message in messages if message.reply_to}
    wrong: list[Verdict] = []
    broken: dict[str, list[Event]] = {}
    refused = 0
    for message in sorted(messages, key=lambda one: len(one.body)):
        flow = flow_of(history, message)
        code = flow.answer.data.get("status") if flow.answers else None
        if flow.acceptance:
            answer = _carried(flow, message, profile) or _answered_as_another(flow, message, answered)
            carried += flow.calls[:1] if answer is None else []
            wrong += [answer] if answer is not None else []
        elif code is None or code == TO_BE_ASKED_AGAIN:
            wrong.append(not_accepted(flow, profile))
        elif code // 100 == 5:
            broken.setdefault(without_token(message), []).append(flow.answer)
        else:
            refused += 1
    for text, answers in broken.items():
        said = f"the API answers {answers[-1].data.get('status')} to {text!r:.120}"
        again = len(answers) >= EACH_TIME and bool(carried)
        wrong.append(refuted(f"{said}, each time", answers) if again else undecided(said, answers))
    yield from sorted(wrong, key=lambda answer: -answer.rank)[:MOST]
    more = f", {refused} were refused" if refused else ""
    if carried:
        yield shown(f"{len(carried)} arrived as sent{more}", carried)
    elif not wrong:
        yield undecided(f"none was carried{more}")


def _carried(flow: Flow, message: Sent, profile: Profile) -> Verdict | None:
    """What is to be said of a message that was taken; None where it arrived as it was sent."""
    wrong = wrong_content(flow, message, profile)
    if wrong:
        answer = refuted(wrong.reason, [wrong.call])
        return undecided(wrong.reason, [wrong.call], remedy=wrong.perhaps) if wrong.perhaps else answer
    if flow.calls:
        return None
    last = [event for _, event in flow.statuses[-1:]]
    fix = "" if flow.status in profile.statuses.terminal else "[waits] within, if it takes longer"
    return undecided("no call carried it", last, remedy=fix, absent=["provider.called"])


def _answered_as_another(flow: Flow, message: Sent, others: Collection[str]) -> Verdict | None:
    """What is to be said of a mail that names nobody to answer, and whose answers go where another mail's do."""
    for call in flow.calls if not message.reply_to else ():
        to = mapping(mapping(call.data.get("params")).get("reply_to")).get("email")
        if to in others:
            return refuted(f"answers to the mail go to {to}, which only another mail was sent with", [call])
    return None


@check(NAME, KEPT)
def shown_as_sent(history: History, profile: Profile, *, messages: Sequence[Sent]) -> Answers:
    """Judges what the API shows of messages that were looked at after it took them, the shortest first."""
    fix = "" if profile.claims.channels is not None else remedy(messages[0].type)
    looks = []
    for message in sorted(messages, key=lambda one: len(one.body)):
        look = last_look(flow_of(history, message))
        if look:
            looks.append((look, from_sent(message, look.data["shown"], profile)))
    yield from _compared(looks, profile, fix, "they were sent")


@check(NAME, CAME, silence=("database.inserted",))
def kept_as_received(history: History, profile: Profile, *, messages: Sequence[Received]) -> Answers:
    """Judges messages that came in: each is stored once, and the API shows it as it came, where it shows it at all."""
    fix = "" if claimed(profile, "webhooks") else remedy("webhooks")
    looks, stored, open_ones = [], [], []
    for message in messages:
        flow = Flow(history.flow(key("provider", message.provider_id)), name=message.provider_id)
        once, look = stored_once(history, flow, profile, deliveries=1), last_look(flow)
        if once.outcome == "pass":
            stored.append(flow.of("database.inserted")[0])
        else:
            open_ones.append(once)
        if look:
            looks.append((look, from_received(message.parts, look.data["shown"], profile)))
            text = str(look.data.get("text") or "")
            if message.says and asked_for("body", message.says, profile) and len(text) < LONGEST:
                missing = message.says not in text
                said = f"the API shows nothing of its text, expected {message.says!r} somewhere" if missing else ""
                looks.append((look, iter([("text", said)])))
    yield from sorted(open_ones, key=lambda answer: -answer.rank)[:MOST]
    if stored:
        yield shown(f"{len(stored)} stored once each", stored)
    if looks:
        yield from _compared(looks, profile, fix, "they came")


def _compared(looks: Iterable[tuple[Event, Found]], profile: Profile, fix: str, how: str) -> Answers:
    """The answers about what was looked at; what isn't where the profile's file says, but by default, can't fail."""
    fix = fix if "shows" in profile.look.model_fields_set else SHOWS
    agreed: list[Event] = []
    wrong: list[Verdict] = []
    parts: dict[str, None] = {}
    for look, found in looks:
        compared = dict(found)
        parts |= dict.fromkeys(compared)
        differing = [why for why in compared.values() if why]
        wrong += [undecided(why, [look], remedy=fix) if fix else refuted(why, [look]) for why in differing]
        agreed += [look] if compared and not differing else []
    yield from wrong[:MOST]
    if agreed:
        yield shown(f"{len(agreed)} shown as {how}: {', '.join(parts)}", agreed)
    elif not wrong:
        yield undecided("the API shows nothing of what they say", remedy=SHOWS)


def flow_of(history: History, message: Sent) -> Flow:
    return Flow(history.flow(key("token", message.token)), name=message.token)


def last_look(flow: Flow) -> Event | None:
    """The last answer to a look at a message that showed anything of what it says."""
    return next((event for event in reversed(flow.of("api.answered")) if event.data.get("shown")), None)


def without_token(message: Sent) -> str:
    """What a message says, whichever send of it this was."""
    return message.body.replace(message.token, "")
