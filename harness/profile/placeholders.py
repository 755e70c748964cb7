"""Placeholders of settings and commands: `{redis_host}` and the like, which a deployment fills in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.errors import DeployError
from harness.profile.model import Profile
from harness.profile.upgrading import Key

OURS: Final = ("python", "profile")
"""What is known wherever a stack runs."""
PLACEHOLDERS: Final = (
    *OURS,
    *("host", "port", "public_url", "worker_name"),
    *("database_url", "database_path"),
    *("postgres_host", "postgres_port", "postgres_user", "postgres_password", "postgres_db"),
    *("redis_url", "redis_host", "redis_port"),
    *("twilio_base_url", "twilio_account_sid", "twilio_auth_token"),
    *("sendgrid_base_url", "sendgrid_api_key", "sendgrid_webhook_public_key", "inbound_parse_token"),
)
"""What may be named; a deployment knows what it has of it."""
FIELD = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A brace that is written twice is one; whatever else stands in braces is left as it is."""


def names_in(text: str) -> list[str]:
    return [match[1] for match in FIELD.finditer(text) if match[1] is not None]


def fill(text: str, known: Mapping[str, str], *, what: str = "the profile") -> str:
    """The text with its placeholders filled in; raises DeployError for one that this deployment doesn't have."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        if name not in known:
            raise DeployError(f"{what} names {{{name}}}, which isn't known here; known are {', '.join(sorted(known))}")
        return known[name]

    return FIELD.sub(value, text)


def unknown(profile: Profile) -> Iterator[tuple[Key, str]]:
    """Each placeholder that a profile names and nobody fills in, as a key and what is wrong with it."""
    inside = profile.deploy.driver in ("containers", "compose")  # there is no folder of ours
    for key, text, known in texts(profile):
        names = tuple(name for name in known if not (inside and name == "profile"))
        for name in names_in(text):
            if name not in names:
                yield key, misnamed(name, names)


def misnamed(name: str, names: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name.lower(), names, n=1)
    hint = f"did you mean {{{close[0]}}}?" if close else f"known are {', '.join(f'{{{one}}}' for one in names)}"
    return f"it names {{{name}}}, which nobody fills in; {hint} (a brace of its own is written twice: {{{{)"


def told_of_redis(profile: Profile) -> bool:
    """Whether a setting of the profile says where Redis is."""
    said = [*profile.env.values(), *(text for one in profile.processes.values() for text in one.env.values())]
    return profile.queue.url is not None and any(name.startswith("redis_") for text in said for name in names_in(text))


def texts(profile: Profile) -> Iterator[tuple[Key, str, tuple[str, ...]]]:
    """Every text of a profile that may hold placeholders, with its key and what may be named there."""
    for name, text in profile.env.items():
        yield ("env", name), text, PLACEHOLDERS
    for word in profile.migrate:
        yield ("migrate",), word, PLACEHOLDERS
    for process, spec in profile.processes.items():
        here = ("processes", process)
        for name, text in spec.env.items():
            yield (*here, "env", name), text, PLACEHOLDERS
        commands: dict[str, Any] = {
            "command": spec.command or (),
            "stop": spec.stop if isinstance(spec.stop, list) else [],
        }
        for key, words in commands.items():
            for word in words:
                yield (*here, key), word, PLACEHOLDERS
        for key in ("hold", "release", "kill", "restart"):
            for word in getattr(spec, key) or ():
                yield (*here, key), word, OURS
        if spec.cwd is not None:
            yield (*here, "cwd"), spec.cwd, OURS
