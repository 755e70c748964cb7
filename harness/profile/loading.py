"""From a TOML file to a profile: reading, `${NAME}` from the environment, old keys, and what contradicts itself."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.content import REFERENCE, content
from harness.errors import ProfileError
from harness.profile.agreeing import disagreement
from harness.profile.explaining import Source, explain, no_toml
from harness.profile.lines import lines_of
from harness.profile.model import Profile
from harness.profile.upgrading import Clash, Key, upgraded

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load(path: Path, *, environ: Mapping[str, str] | None = None, driver: str | None = None) -> Profile:
    """The profile in a TOML file, with `${NAME}` replaced from the environment; raises ProfileError.

    `driver` deploys it otherwise than it says itself. `reference` is the profile that comes with the harness.
    """
    if path == REFERENCE and not path.exists():
        path = content("harness.toml")
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors write a mark at the beginning
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it isn't text in UTF-8"
        own = "name one with --profile (`--profile reference`: the stack that comes with the harness)"
        raise ProfileError(f"the profile {path} can't be read: {why}; {own}") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise no_toml(path, str(error)) from error
    if driver is not None:
        deploy = table.get("deploy", {})
        table["deploy"] = {**deploy, "driver": driver} if isinstance(deploy, dict) else deploy
    known = os.environ if environ is None else environ
    profile = parse(table, source=str(path), environ=known, lines=lines_of(text))
    profile._folder = path.resolve().parent
    return profile


def parse(
    table: Mapping[str, Any], *, source: str, environ: Mapping[str, str], lines: Mapping[Key, int] | None = None
) -> Profile:
    """The profile in a parsed table; raises ProfileError with the first thing that is wrong.

    `source` is the file's name, and `lines` are the lines of its keys, for what is said of them.
    """
    own = Source(source, lines=lines)
    filled = interpolate(table, source=own, environ=environ)
    try:
        new, moved = upgraded(filled)
    except Clash as clash:
        raise own.wrong(clash.key, str(clash)) from clash
    own = Source(source, lines=lines, moved=moved)
    try:
        profile = Profile.model_validate(new)
    except ValidationError as error:
        raise explain(error, source=own) from error
    profile._written = new
    wrong = disagreement(profile)
    if wrong is not None:
        raise own.wrong(*wrong)
    return profile


def interpolate(value: Any, *, source: Source, environ: Mapping[str, str], key: Key = ()) -> Any:
    if isinstance(value, str):

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in environ:
                raise source.wrong(key, f"${{{name}}} is named, but the environment has no {name}; export it")
            return environ[name]

        return VARIABLE.sub(replace, value)
    if isinstance(value, Mapping):
        return {k: interpolate(v, source=source, environ=environ, key=(*key, str(k))) for k, v in value.items()}
    if isinstance(value, list):
        return [interpolate(v, source=source, environ=environ, key=key) for v in value]
    return value
