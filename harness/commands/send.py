"""`harness send --profile`: one message to a stack that runs already, as its profile says."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from harness.errors import Inconclusive, UsageError
from harness.history import History
from harness.profile import load
from harness.profile.base import Channel
from harness.profile.claims import claimed
from harness.scenario.client import ApiClient
from harness.scenario.messages import message, such_as


def send(path: Path, *, channel: Channel, to: str | None, body: str) -> dict[str, Any]:
    """Sends a message; returns {"status", "body", "id"}. Raises UsageError where no stack answers, or refuses it."""
    profile = load(path)
    if profile.deploy.driver != "attached":
        raise UsageError(
            f'{path} starts its stack itself (driver = "{profile.deploy.driver}"); run `harness up --profile {path}`, '
            "then `harness send` without --profile"
        )
    if claimed(profile, channel) is False:
        raise UsageError(f"--type {channel}: {path} says that the stack has no such channel")
    with (
        such_as(profile.messages),
        contextlib.closing(ApiClient(History(), url=profile.api.url or "", profile=profile)) as client,
    ):
        try:
            answer = client.send(message(channel, body, to=to))
        except Inconclusive as error:
            raise UsageError(f"{error}; start the stack, or mend [api] url in {path}") from error
    if not profile.send.of(channel).takes(answer["status"]):
        raise UsageError(
            f"the API refused the message with {answer['status']}: {str(answer['body'])[:300]}; mend [send] in {path}"
        )
    return answer
