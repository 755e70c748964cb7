"""A draft as it is written: without what the contract says anyway, and in the words of the profile's own tables."""

from __future__ import annotations

from typing import Any, Final

from harness.discovery.draft import Draft, Key
from harness.profile import Profile

ALWAYS: Final[frozenset[Key]] = frozenset({("name",), ("deploy", "driver"), ("claims", "channels"), ("queue", "kind")})
"""Keys that are said even where they say what is the default."""


def finished(draft: Draft) -> Draft:
    """A copy without the guesses that say what is so by default."""
    made = Draft()
    made.open = dict(draft.open)
    kind = draft.get("queue", "kind", default="stream")
    default = Profile.model_validate({"queue": {"kind": kind}} if kind != "stream" else {})
    for key, guess in draft.guesses.items():
        if key in ALWAYS or guess.value != plainly(value_at(default, key)):
            made.guesses[key] = guess
    return made


def value_at(profile: Profile, key: Key) -> Any:
    if key[0] == "statuses" and key[-1] in profile.written.get("statuses", {}):
        return profile.written["statuses"][key[-1]]  # its spellings: the model has the first word alone
    value: Any = profile
    for name in key:
        value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
    return value


def plainly(value: Any) -> Any:
    """A value as a file has it: "" for what there isn't, a table for a model."""
    if value is None:
        return ""
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        value = dump()
    if isinstance(value, dict):
        return {name: plainly(one) for name, one in value.items()}
    return value
