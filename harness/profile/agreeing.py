"""What in a profile contradicts itself, although each key alone is right."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Final

from harness.profile.base import CHANNELS
from harness.profile.claims import FEATURES, RESTS_ON
from harness.profile.model import Profile
from harness.profile.placeholders import told_of_redis, unknown
from harness.profile.templates import names_in
from harness.profile.upgrading import Key

Wrong = tuple[Key, str]

SCHEMES: Final[dict[Key, tuple[tuple[str, ...], str]]] = {
    ("api", "url"): (("http", "https"), "http://127.0.0.1:8080"),
    ("queue", "url"): (("redis", "rediss", "unix"), "redis://127.0.0.1:6379/0"),
    ("database", "url"): (("postgresql", "postgres", "sqlite"), "postgresql://user@127.0.0.1:5432/name"),
    ("providers", "url"): (("http", "https"), "http://127.0.0.1:4010"),
}
"""How the address of each part begins, and a whole one."""
PATHS: Final[tuple[Key, ...]] = (
    ("api", "ready"),
    *((("send", "path")), *(("send", channel, "path") for channel in CHANNELS)),
    ("look", "path"),
    ("listing", "path"),
    ("conversations", "path"),
    ("conversations", "messages"),
    *(("webhooks", kind, name) for kind in ("sms", "email") for name in ("path", "reports")),
)
WITH_AN_ID: Final[tuple[Key, ...]] = (("look", "path"), ("conversations", "messages"))
"""Paths of one among many."""
TELLING: Final = frozenset({"to", "body", "token"})
"""What tells one message of a test from another."""


def disagreement(profile: Profile) -> Wrong | None:
    """The first contradiction, as a key and what is wrong with it; None where all agrees."""
    return next(disagreements(profile), None)


def disagreements(profile: Profile) -> Iterator[Wrong]:
    yield from running(profile)
    yield from unknown(profile)
    yield from addresses(profile)
    yield from paths(profile)
    yield from queue(profile)
    yield from claims(profile)
    yield from bodies(profile)
    yield from statuses(profile)


def running(profile: Profile) -> Iterator[Wrong]:
    """What each driver needs, and what it can't have."""
    driver = profile.deploy.driver
    attached = driver == "attached"
    if not attached and "api" not in profile.roles:
        yield (
            ("processes", "api"),
            f'it is missing, and driver = "{driver}" starts the stack itself; say its command, or set [deploy] '
            'driver = "attached"',
        )
    for name, process in profile.processes.items():
        if driver in ("embedded", "containers") and not process.command:
            yield ("processes", name, "command"), 'it is missing, and must be given: command = ["python", "worker.py"]'
        if process.ready and process.ready.consumer and profile.queue.base == "none":
            yield ("processes", name, "ready"), "nobody can see consumers of a queue that isn't in Redis; say another"
        if driver in ("containers", "compose") and process.cwd is not None and not process.cwd.startswith("/"):
            yield ("processes", name, "cwd"), 'in a container it is a folder of the image; write all of it: "/app"'
    if driver == "compose":
        yield from composed(profile)
    if attached and not profile.api.url:
        yield ("api", "url"), 'driver = "attached" needs it: where the stack answers'
    if attached and profile.queue.observe == "wire":
        yield (
            ("queue", "observe"),
            '"wire" needs a stack that we deploy; an attached one is seen by "monitor", so write that, or "auto"',
        )
    if driver == "containers" and profile.database.kind == "sqlite":
        yield (
            ("database", "kind"),
            'a file in a container can\'t be watched from here; write [deploy] driver = "embedded", or attach to the '
            "stack, and name the file by a path that this machine shares with the container",
        )
    if profile.providers.hosts and driver not in ("containers", "compose"):
        said = '[env] PROVIDERS_URL = "{twilio_base_url}"'
        yield (
            ("providers", "hosts"),
            f'driver = "{driver}" has no names of its own; say it by a setting: {said}',
        )
    if attached and profile.migrate:
        yield ("migrate",), 'driver = "attached" starts nothing, this neither; leave it out, or change the driver'


def composed(profile: Profile) -> Iterator[Wrong]:
    """Each kind of process is a service of its own; the wire stands where they are told of Redis by a setting."""
    if profile.queue.observe == "wire" and not told_of_redis(profile):
        such = '[queue] url and [env] REDIS_URL = "{redis_url}"'
        yield ("queue", "observe"), f"no setting leads the stack to the wire: say {such}, as your stack names it"
    kinds: dict[str, str] = {}
    for kind, process in profile.processes.items():
        service = process.service or kind
        if service in kinds:
            yield ("processes", kind, "service"), f"it is {service!r}, as [processes.{kinds[service]}]; name another"
        kinds[service] = kind


def addresses(profile: Profile) -> Iterator[Wrong]:
    for key, (schemes, whole) in SCHEMES.items():
        url = said(profile, key)
        if not url:
            continue
        scheme, separator, rest = url.partition("://")
        if not separator:
            begin = schemes[0] if schemes[0] != "postgresql" else "postgresql://USER@"
            guess = f"{begin}://{url}" if "://" not in begin else f"{begin}{url}"
            yield key, f'"{url}" says nothing of how it is spoken to; write "{guess}"'
        elif scheme.partition("+")[0].lower() not in schemes:
            known = ", ".join(f"{one}://" for one in schemes)
            yield key, f'{scheme}:// isn\'t spoken there; known are {known}; write "{whole}"'
        elif not rest.strip("/"):
            yield key, f'"{url}" names no place; write it whole, such as "{whole}"'


def paths(profile: Profile) -> Iterator[Wrong]:
    for key in PATHS:
        path = said(profile, key)
        if path and "://" in path:
            yield key, f'"{path}" is a whole address; write its path alone, and the rest in [api] url'
        elif path and not path.startswith("/"):
            yield key, f'a path begins with "/": write "/{path}"'
        elif path and key in WITH_AN_ID and "{id}" not in path:
            whole = f"{path.rstrip('/')}/{{id}}"
            yield key, f'no {{id}} in it, so every message is looked at alike; write "{whole}"'


def queue(profile: Profile) -> Iterator[Wrong]:
    """What doesn't go with the queue's kind, and names that are none."""
    own, written = profile.queue, profile.written.get("queue", {})
    if own.base != "stream" and own.group is not None:
        yield ("queue", "group"), f'only a stream has groups, and kind = "{own.kind}" is none; leave it out'
    if own.base != "stream" and own.finish == "trim":
        yield ("queue", "finish"), f'only a stream is trimmed; of a {own.place} write "ack", "delete" or "pop"'
    if "keys" in written and "streams" in written:
        yield ("queue", "streams"), "keys says the same; leave one of them out"
    if own.kind in ("list", "sorted-set", "pubsub") and not {"keys", "streams"} & set(written):
        yield (
            ("queue", "kind"),
            f'nobody knows what the {own.place} is called; write keys = {{ sms = "jobs" }} beside it',
        )
    for table in ("streams", "keys"):
        for name in written.get(table, ()):
            if name not in CHANNELS:
                meant = difflib.get_close_matches(name, CHANNELS, n=1)
                hint = f"did you mean {meant[0]!r}?" if meant else f"write one of {', '.join(CHANNELS)}"
                yield ("queue", table, name), f"there is no channel of this name; {hint}"


def claims(profile: Profile) -> Iterator[Wrong]:
    """What is claimed and denied at once."""
    said = profile.claims
    if said.dead_letters and profile.queue.dead is None:
        yield ("claims", "dead_letters"), 'it is claimed, and [queue] dead = "": name their stream'
    if said.webhooks and not (profile.webhooks.sms.path or profile.webhooks.email.path):
        yield ("claims", "webhooks"), "they are claimed, and no [webhooks] has a path: name one"
    if said.signatures and not (profile.webhooks.sms.signed or profile.webhooks.email.signed):
        yield ("claims", "signatures"), "they are claimed, and no [webhooks] is signed: leave signed = false out"
    if said.idempotency and not any(profile.send.of(channel).carries_key for channel in CHANNELS):
        yield ("claims", "idempotency"), 'it is claimed, and [send] idempotency = "": name the header'
    if said.conversations and not profile.conversations.path:
        yield ("claims", "conversations"), 'they are claimed, and [conversations] path = "": name it'
    for feature, base in RESTS_ON.items():
        if getattr(said, feature) and getattr(said, base) is False:
            yield (
                ("claims", feature),
                f"it is claimed, and {base} = false: there are no {FEATURES[feature]} without; leave one of them out",
            )
    if said.retries is False and profile.retries.attempts is not None:
        yield ("retries", "attempts"), "[claims] retries = false: nothing is tried again; leave one of them out"
    if "timeout" in (profile.retries.also or ()) and profile.retries.timeout is None:
        yield (
            ("retries", "also"),
            "it names timeout, and nobody knows when that is; write timeout = 10 (seconds) beside it",
        )


def bodies(profile: Profile) -> Iterator[Wrong]:
    """Sends of which none is known again, and texts that are said to be two things."""
    for key in (("send", "body"), *(("send", channel, "body") for channel in CHANNELS)):
        body = said(profile, key)
        if body is not None and not TELLING & names_in(body):
            such = '{ to = "{to}", text = "{body}" }'
            yield key, f"every message would be the same: name {{to}} and {{body}} in it, such as {such}"
    yield from hook_bodies(profile)
    both = set(profile.messages.footer) & set(profile.messages.changes)
    if both:
        yield ("messages", "footer"), f"{min(both)} has a footer and is said to change; say one of them"
    for channel, footer in profile.messages.footer.items():
        if len(footer) >= profile.messages.longest.get(channel, len(footer) + 1):
            yield ("messages", "footer"), f"{channel}'s is as long as [messages] longest lets a body be; say less"


def hook_bodies(profile: Profile) -> Iterator[Wrong]:
    """Replies and reports of which none is known again."""
    for kind in ("sms", "email"):
        hook = getattr(profile.webhooks, kind)
        if hook.body is not None and not {"provider_id", "body"} & names_in(hook.body):
            yield ("webhooks", kind, "body"), "every reply would be the same: name {provider_id} and {body} in it"
        if hook.report_body is not None and not {"provider_id", "status"} <= names_in(hook.report_body):
            yield ("webhooks", kind, "report_body"), "a report names {provider_id} and {status}; put both in it"


def statuses(profile: Profile) -> Iterator[Wrong]:
    """Words that have no place in the order that is written."""
    words = profile.statuses
    if "order" not in words.model_fields_set:
        return
    for step in ("queued", "sent"):
        word = getattr(words, step)
        if word not in words.order and step in words.model_fields_set:
            yield ("statuses", step), f"{word!r} stands nowhere in order; put it there, or leave order out"


def said(profile: Profile, key: Key) -> Any:
    """What stands at a key; None where the table around it isn't there."""
    value: Any = profile
    for name in key:
        value = getattr(value, name, None)
    return value
