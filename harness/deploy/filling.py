"""What a deployment fills in where a profile names `{redis_url}` and the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from harness.probes.wire import database_of
from harness.profile import Profile
from harness.profile.placeholders import fill


def placeholders(settings: Mapping[str, str], profile: Profile, *, python: str) -> dict[str, str]:
    """What may be named in settings and commands: each setting in small letters, and the addresses made of them."""
    known = {name.lower(): value for name, value in settings.items()}
    known |= {"python": python, "profile": str(profile.folder)}
    if "redis_host" in known:
        number = database_of(profile.queue.url)
        known.setdefault("redis_url", f"redis://{known['redis_host']}:{known['redis_port']}/{number}")
    if "postgres_host" in known:
        user, password = (quote(known[f"postgres_{name}"], safe="") for name in ("user", "password"))
        where = f"{known['postgres_host']}:{known['postgres_port']}/{known['postgres_db']}"
        known.setdefault("database_url", f"postgresql://{user}:{password}@{where}")
    return known


def filled(texts: Mapping[str, str], known: Mapping[str, str], *, of: str) -> dict[str, str]:
    """Settings with their placeholders filled in; raises DeployError for what this deployment doesn't have."""
    return {name: fill(text, known, what=f"{of} {name}") for name, text in texts.items()}


def words(command: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """A command with its placeholders filled in."""
    return [fill(word, known, what="the command") for word in command]
