"""From a TOML file to a profile: reading, `${NAME}` from the environment, and what contradicts itself."""

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
from harness.profile.explaining import explain
from harness.profile.model import Profile

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load(path: Path, *, environ: Mapping[str, str] | None = None, driver: str | None = None) -> Profile:
    """The profile in a TOML file, with `${NAME}` replaced from the environment; raises ProfileError.

    `driver` deploys it otherwise than it says itself. `reference` is the profile that comes with the harness.
    """
    if path == REFERENCE and not path.exists():
        path = content("harness.toml")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        own = "name one with --profile (`--profile reference`: the stack that comes with the harness)"
        raise ProfileError(f"the profile {path} can't be read: {why}; {own}") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"the profile {path} is not TOML: {error}; mend that line") from error
    if driver is not None:
        deploy = table.get("deploy", {})
        table["deploy"] = {**deploy, "driver": driver} if isinstance(deploy, dict) else deploy
    return parse(table, source=str(path), environ=os.environ if environ is None else environ)


def parse(table: Mapping[str, Any], *, source: str, environ: Mapping[str, str]) -> Profile:
    """The profile in a parsed table; raises ProfileError with the first thing that is wrong."""
    filled = interpolate(table, source=source, environ=environ)
    try:
        profile = Profile.model_validate(filled)
    except ValidationError as error:
        raise ProfileError(explain(error, source=source)) from error
    if profile.deploy.driver != "attached" and "api" not in profile.processes:
        raise ProfileError(
            f"{source}: [processes.api] is missing, and driver = {profile.deploy.driver!r} starts the stack itself; "
            "say its command, or set driver = 'attached'"
        )
    if profile.deploy.driver == "attached" and not profile.api.url:
        raise ProfileError(f"{source}: driver = 'attached' needs [api] url, where the stack answers")
    if profile.claims.dead_letters and profile.queue.dead is None:
        raise ProfileError(f'{source}: [claims] dead_letters = true, and [queue] dead = "": name their stream')
    if profile.claims.webhooks and not (profile.api.webhook_twilio or profile.api.webhook_sendgrid):
        raise ProfileError(f"{source}: [claims] webhooks = true, and no path in [api] webhook_…: name one")
    return profile


def interpolate(value: Any, *, source: str, environ: Mapping[str, str]) -> Any:
    if isinstance(value, str):

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in environ:
                raise ProfileError(f"{source}: ${{{name}}} is named, but the environment has no {name}; export it")
            return environ[name]

        return VARIABLE.sub(replace, value)
    if isinstance(value, Mapping):
        return {k: interpolate(v, source=source, environ=environ) for k, v in value.items()}
    if isinstance(value, list):
        return [interpolate(v, source=source, environ=environ) for v in value]
    return value
