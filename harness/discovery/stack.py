"""A stack that runs, looked at part by part: API, Redis, database, mocks, processes, and the source beside them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from harness.deploy.driver import Addresses
from harness.discovery import asking, databases, mending, mocks, processes, redis_keys, sources, tables, traces
from harness.discovery.draft import Draft
from harness.discovery.finishing import plainly
from harness.discovery.listening import Listening
from harness.discovery.operations import Operation
from harness.discovery.trial import WITHIN, Seen, Trial
from harness.profile import Profile, parse
from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed
from harness.profile.database import is_sqlite
from harness.scenario.messages import message, such_as

Say = Callable[[str], None]
UNFIT: Final = frozenset({"/", "/root", "/home", "/usr", "/usr/bin", "/tmp"})  # noqa: S108 - reason: these are no projects
"""Directories from which processes run that are no project's."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the parts of a stack are; None for a part that nobody named."""

    api: str
    redis: str | None = None
    database: str | None = None
    mocks: str | None = None
    token: str | None = field(default=None, repr=False)


class Stack:
    """The parts of a running stack, and what was found of them; close it."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._cleanup = contextlib.ExitStack()
        self.database: tables.Asked | None = None
        self.mocks: mocks.Asked | None = None
        self.candidates: list[tables.Table] = []
        self.processes: dict[str, list[processes.Found]] = {}

    def look(self, draft: Draft, *, known: Sequence[Operation] = (), attached: bool, say: Say) -> None:
        """Puts into the draft what all parts say; raises DeployError where a part that was named can't be reached."""
        places = self.places
        if attached:
            self.processes = processes.look(draft, api=places.api, redis=places.redis, say=say)
        read = list(known) or self._sources(say=say)
        with contextlib.closing(asking.Asked(places.api)) as api:
            asking.look(api, draft, known=read, say=say)
        if places.redis:
            with contextlib.closing(redis_keys.Asked(places.redis)) as redis:
                redis_keys.look(redis, draft, say=say)
        self.reach()
        if self.mocks is not None:
            mocks.look(self.mocks, draft, api=places.api, say=say)
        if self.database is not None and places.database:
            what = "SQLite" if is_sqlite(places.database) else "PostgreSQL"
            tables.look(self.database, draft, say=say, what=what)

    def reach(self) -> None:
        """Opens the database and the mocks, and lists the tables in which a message may come to stand."""
        if self.places.mocks:
            self.mocks = mocks.Asked(self.places.mocks, token=self.places.token)
            self._cleanup.callback(self.mocks.close)
        if self.places.database:
            self.database = databases.asked(self.places.database)
            self._cleanup.callback(self.database.close)
            known = self.database.tables()
            self.candidates = tables.likeliest(known) or known[:30]

    def _sources(self, *, say: Say) -> list[Operation]:
        """The routes in the source of the API's process, where that is a project's."""
        api = next(iter(self.processes.get("api", [])), None)
        if api is None or api.cwd is None or str(api.cwd) in UNFIT or not api.cwd.is_dir():
            return []
        found = sources.operations(sources.read(api.cwd))
        if found:
            say(f"the API's process runs in {api.cwd}, whose source names {len(found)} routes")
        return found

    def send(self, profile: Profile, draft: Draft, *, channel: Channel, say: Say, within: float = WITHIN) -> Seen:
        """Sends one message, says what was seen of it within so many seconds, and mends the draft."""
        listening = None
        with contextlib.ExitStack() as cleanup:
            if self.places.redis:
                listening = Listening(self.places.redis)
                cleanup.callback(listening.close)
                if listening.why:
                    say(f"MONITOR is refused ({listening.why}): what the message leaves in Redis can't be seen")
            trial = Trial(
                profile,
                api=self.places.api,
                database=self.database,
                candidates=self.candidates,
                listening=listening,
                mocks_=self.mocks,
                within=within,
            )
            cleanup.callback(trial.close)
            cleanup.enter_context(such_as(profile.messages))
            seen = trial.send(message(channel))
        if seen.error:
            say(f"no answer: {seen.error}")
            return seen
        mending.mend(draft, seen, say=say) if seen.took(profile) else refused(draft, seen, say=say)
        if listening is not None and seen.took(profile):
            self._traced(draft, seen, listening, say=say)
        if self.mocks is not None and seen.took(profile) and not seen.calls:
            say("no call came to the mocks: the stack calls its providers elsewhere, or not at all")
            draft.put(("providers", "observe"), "none", "the message that was sent: no call came to the mocks", "guess")
        return seen

    def _traced(self, draft: Draft, seen: Seen, listening: Listening, *, say: Say) -> None:
        found = traces.trace(listening.lines, id=seen.id, token=seen.message.token, to=seen.message.to)
        if found is not None:
            traces.put(draft, found, seen.message.type, say=say)
        elif not listening.why:
            say("nothing that Redis ran names the message: its queue is elsewhere, or written so that none can read it")

    def close(self) -> None:
        self._cleanup.close()


def refused(draft: Draft, seen: Seen, *, say: Say) -> None:
    """Says why the API didn't take the message, and which line of the profile is to be mended."""
    shown = str(seen.body)
    say(f"the API refused it with {seen.status}: {shown[:300]}")
    why = f"the API answered {seen.status}: {shown[:150]}"
    if seen.status in (401, 403):
        draft.ask(("api", "headers"), {"X-Api-Key": "${API_KEY}"}, f"{why}; what it wants to know of who asks")
    elif seen.status in (404, 405):
        again(draft, ("send", "path"), "/messages", why)
    elif seen.status is not None and 400 <= seen.status < 500:
        again(draft, ("send", "body"), {"to": "{to}", "text": "{body}"}, why)


def again(draft: Draft, key: tuple[str, ...], example: Any, why: str) -> None:
    """Asks for what was guessed wrongly, with the guess to begin with."""
    guess = draft.get(*key, default=example)
    draft.drop(key)
    draft.ask(key, guess, why)


def placed(profile: Profile, where: Addresses) -> Profile:
    """The profile of a stack that was deployed, as one that is attached to where it is now."""
    table = profile.written
    for how_to_start_it in ("images", "env", "migrate", "processes"):
        table.pop(how_to_start_it, None)
    for section, values in (
        ("deploy", {"driver": "attached"}),
        ("api", {"url": where.api}),
        ("queue", {"url": where.redis}),
        ("database", {"url": where.database}),
        ("providers", {"url": where.mocks, "token": where.mocks_token}),
    ):
        table[section] = {**table.get(section, {}), **{name: value for name, value in values.items() if value}}
    accounts = {"twilio": where.twilio_account, "sendgrid": where.sendgrid_account}
    table["providers"]["accounts"] = {name: value for name, value in accounts.items() if value}
    table["deploy"] = {"driver": "attached"}
    if table["queue"].get("observe") == "wire":
        del table["queue"]["observe"]
    return parse(table, source="the profile", environ=os.environ)


def places_of(profile: Profile) -> Places:
    """Where the parts of an attached stack are, as its profile says."""
    queue, database = profile.queue, profile.database
    return Places(
        api=(profile.api.url or "").rstrip("/"),
        redis=None if queue.base == "none" else queue.url,
        database=None if database.kind == "none" else database.url,
        mocks=profile.providers.url,
        token=profile.providers.token,
    )


def tried(profile: Profile) -> tuple[Seen, Draft]:
    """What one message shows that is sent as an attached stack's profile says, and what a profile would say of it."""
    draft = Draft()
    said = [channel for channel in CHANNELS if claimed(profile, channel) is not False]
    draft.put(("claims", "channels"), said, "the profile")
    database = profile.database
    draft.put(("database", "table"), database.table, "the profile")
    draft.put(("database", "columns"), plainly(database.columns), "the profile")
    draft.put(("look", "path"), profile.look.path, "the profile")
    draft.put(("send", "body"), profile.send.body, "the profile")
    draft.put(("messages", "senders"), dict(profile.messages.senders), "the profile")
    draft.put(("messages", "footer"), dict(profile.messages.footer), "the profile")
    draft.put(("providers", "senders"), dict(profile.providers.senders), "the profile")
    draft.put(("queue", "keys"), dict(profile.queue.keys), "the profile")
    draft.put(("queue", "streams"), dict(profile.queue.streams), "the profile")
    with contextlib.closing(Stack(places_of(profile))) as stack:
        stack.reach()
        seen = stack.send(profile, draft, channel=channel_of(draft), say=lambda _: None)
    return seen, draft


def channel_of(draft: Draft) -> Channel:
    """The channel of the one message that is sent: the first that the stack seems to have."""
    said = draft.get("claims", "channels", default=["sms"])
    return next((channel for channel in CHANNELS if channel in said), "sms")


def addresses(places: Places) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The parts' addresses, as keys of an attached stack's profile."""
    yield ("api", "url"), places.api
    if places.redis:
        yield ("queue", "url"), places.redis
    if places.database:
        yield ("database", "url"), places.database
    if places.mocks:
        yield ("providers", "url"), places.mocks
    if places.token:
        yield ("providers", "token"), places.token


def without(draft: Draft, places: Places) -> None:
    """Puts into the draft what follows from the parts that there aren't."""
    for key, value, missing in (
        (("queue", "kind"), "none", places.redis is None),
        (("database", "kind"), "none", places.database is None),
        (("providers", "observe"), "none", places.mocks is None),
    ):
        if missing:
            draft.put(key, value, "no address of it was given")
