"""A profile as a record keeps it: what its checks read, without commands, addresses, settings and headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from harness.errors import UsageError
from harness.profile.model import Profile

ADDRESS: Final = {"url", "headers"}
LEFT_OUT: Final[dict[str, Any]] = {
    "env": True,
    "migrate": True,
    "images": True,
    "cwd": True,
    "processes": True,
    "deploy": {"compose", "redis_server", "postgres_bin"},
    **dict.fromkeys(("api", "look", "queue", "database", "providers"), ADDRESS),
    "send": {"headers"},
}
"""What says how to reach a stack, and may be secret: no check asks for it."""
NO_COMMAND: Final = ["(not recorded)"]


def recorded(profile: Profile) -> dict[str, Any]:
    """The profile as JSON: only what its file says, so that a default stays one when it is read again."""
    table = profile.model_dump(mode="json", exclude_unset=True, exclude=LEFT_OUT)
    kinds = {
        name: {"command": NO_COMMAND, "count": one.count, "role": one.role} for name, one in profile.processes.items()
    }
    return {**table, "processes": kinds}


def profile_of(table: Mapping[str, Any]) -> Profile:
    """The profile that was recorded; raises UsageError where it is none that this version can read."""
    try:
        return Profile.model_validate(table)
    except (ValidationError, TypeError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"the record's profile can't be read: {first}; judge it with a profile: --profile") from error
