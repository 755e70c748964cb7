"""Whether a profile fits its stack: each address, name and permission is tried, and nothing is changed by trying."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from harness.deploy.attached import Attached
from harness.discovery import asking, examining_database, examining_redis, mocks
from harness.discovery.finishing import plainly, value_at
from harness.discovery.stack import tried
from harness.discovery.tried import Sight, Tried
from harness.errors import DeployError
from harness.history import History
from harness.profile import Profile
from harness.profile.base import CHANNELS
from harness.profile.claims import claimed


def examine(profile: Profile, sight: Sight) -> Iterator[Tried]:
    """Tries each part of a stack that runs; what it finds lacking is noted in `sight`."""
    yield from api(profile, sight)
    yield from examining_redis.examine(profile, sight)
    yield from examining_database.examine(profile, sight)
    yield from providers(profile, sight)
    yield from processes(profile, sight)
    sight.lack("gates", "no wire stands between this stack and Redis; what the harness deploys itself has one")


def api(profile: Profile, sight: Sight) -> Iterator[Tried]:
    url = (profile.api.url or "").rstrip("/")
    with contextlib.closing(asking.Asked(url, headers=profile.api.headers)) as asked:
        try:
            asked.reach()
        except DeployError as error:
            yield Tried(
                part="api", what=f"reach {url}", found=str(error), good=False, remedy="start it, or mend [api] url"
            )
            sight.runs.append("the API can't be reached")
            return
        answer = asked.ask("GET", profile.api.ready)
        code = answer.status_code if answer is not None else None
        ready = code is not None and 200 <= code < 300
        found = "no answer" if answer is None else f"{code}"
        yield Tried(part="api", what=f"GET {profile.api.ready}", found=found, good=ready, remedy="[api] ready")
        if not ready:
            sight.runs.append("the API doesn't say that it is ready")
        yield from sends(profile, asked, sight)
        yield from looks(profile, asked)
        if asked.refused:
            yield Tried(
                part="api", what="who asks", found=f"{asked.refused}", good=False,
                remedy='[api] headers = { … = "${…}" }: what the API wants to know of who asks',
            )  # fmt: skip


def sends(profile: Profile, asked: asking.Asked, sight: Sight) -> Iterator[Tried]:
    """Whether there is something at each channel's path; no message is sent."""
    operations, where = asking.described(asked)
    told = {(one.method, one.path.rstrip("/")) for one in operations}
    blind = "POST" in asking.allowed(asked, asking.NOWHERE)
    tried: set[tuple[str, str]] = set()
    for channel in CHANNELS:
        send = profile.send.of(channel)
        key = (send.method, send.path)
        if claimed(profile, channel) is False or key in tried:
            continue
        tried.add(key)
        what = f"{send.method} {send.path}"
        if (send.method, send.path.rstrip("/")) in told:
            yield Tried(part="api", what=what, found=f"described at {where}")
            continue
        methods = asking.allowed(asked, send.path)
        if operations and not methods:
            found, good = f"not described at {where}, and 404", False
        elif send.method in methods and not blind:
            found, good = "takes it (OPTIONS, or 405 of another method)", True
        elif not methods and not blind:
            found, good = "nothing is there (404)", False
        else:
            found, good = "can't be told without sending", None
        yield Tried(part="api", what=what, found=found, good=good, remedy="[send] path, method; --send tries it")
        if good is False:
            sight.runs.append(f"nothing takes {what}")


def looks(profile: Profile, asked: asking.Asked) -> Iterator[Tried]:
    if not profile.look.path:
        return
    path = profile.look.path.replace("{id}", "0")
    answer = asked.ask(profile.look.method, path)
    code = None if answer is None else answer.status_code
    missing = code in (405, 501, None)
    found = f"{code} for an id that is none" if code is not None else "no answer"
    good = False if missing else None if code == 404 else code is not None and code < 500
    yield Tried(
        part="api", what=f"{profile.look.method} {profile.look.path}", found=found, good=True if good is None else good,
        remedy="[look] path",
    )  # fmt: skip


def providers(profile: Profile, sight: Sight) -> Iterator[Tried]:
    if profile.providers.observe == "none":
        sight.lack("calls", 'the stack mocks its providers inside ([providers] observe = "none")')
    if not profile.providers.url:
        why = "no mocks: [providers] url names none"
        sight.lack("calls", why)
        sight.lack("hooks", why)
        return
    with contextlib.closing(mocks.Asked(profile.providers.url, token=profile.providers.token)) as asked:
        try:
            known = {str(one["account"]) for one in asked.accounts()}
        except DeployError as error:
            yield Tried(part="mocks", what=f"reach {profile.providers.url}", found=str(error), good=False)
            sight.runs.append("the mock providers can't be reached")
            return
        yield Tried(part="mocks", what=f"reach {profile.providers.url}", found=f"{len(known)} accounts")
    accounts = profile.providers.accounts
    for vendor, name in (("twilio", accounts.twilio), ("sendgrid", accounts.sendgrid)):
        if name is None:
            continue
        good = name in known
        found = "it is there" if good else f"no such account; there are {', '.join(sorted(known)) or 'none'}"
        yield Tried(
            part="mocks",
            what=f"{vendor}'s account {name}",
            found=found,
            good=good,
            remedy=f"[providers.accounts] {vendor}",
        )
        if not good:
            sight.runs.append(f"the mocks have no account {name}")
    if accounts.twilio is None and accounts.sendgrid is None:
        sight.lack("hooks", "no account of the mocks is the stack's: [providers] accounts")


def processes(profile: Profile, sight: Sight) -> Iterator[Tried]:
    driver = Attached(profile, History())
    for role in ("api", "worker"):
        pids = driver.pids(role)
        if pids:
            yield Tried(part="processes", what=f"who is the {role}", found=f"{len(pids)} processes: {shown(pids)}")
            continue
        why = f"nobody knows which process is the {role}"
        remedy = f"[processes.{role}] pid_file, match, unit, container or service"
        yield Tried(part="processes", what=f"who is the {role}", found="unknown", good=None, remedy=remedy)
        if role == "worker":
            sight.lack("hold", f"{why}: {remedy}")
        sight.lack("takers", f"{why}: {remedy}")
    workers = [one for name, one in profile.processes.items() if (one.role or name) == "worker"]
    if not workers or not all(one.kill and one.restart for one in workers):
        how = "[processes.worker] kill and restart say how, or the harness deploys it"
        sight.lack("kill", f"the worker isn't ours to kill: {how}")


def shown(pids: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(pids)[:6])) + (" …" if len(pids) > 6 else "")


def sent(profile: Profile, sight: Sight) -> Iterator[Tried]:
    """Sends one message, and says where what was seen of it differs from the profile."""
    seen, draft = tried(profile)
    what = f"send one {seen.message.type}"
    if seen.error or not seen.took(profile):
        found = seen.error or f"refused with {seen.status}: {str(seen.body)[:200]}"
        yield Tried(part="message", what=what, found=found, good=False, remedy="[send]")
        sight.runs.append("the API refuses messages")
        return
    where = f"a row in {seen.table.name}" if seen.table is not None else "no row"
    calls = len({entry.get("call") for entry in seen.calls})
    yield Tried(part="message", what=what, found=f"answered {seen.status}; {where}; {calls} calls at the mocks")
    for key, guess in draft.guesses.items():
        own = plainly(value_at(profile, key))
        if guess.sure == "seen" and own != guess.value:
            name = f"[{'.'.join(key[:-1])}] {key[-1]}" if len(key) > 1 else key[0]
            found = f"the profile says {own!r}, and it was {guess.value!r}"
            yield Tried(part="message", what=name, found=found, good=None, remedy=guess.why)
