"""What is asked of messages of any kind is asked in a channel that the stack has."""

from __future__ import annotations

from typing import Any, cast

import pytest

from harness.history import History
from harness.profile import Claims, Profile
from harness.scenario.client import ApiClient
from harness.scenario.stack import Stack


@pytest.mark.parametrize(
    ("channels", "asked"),
    [(None, "sms"), (["email"], "email"), (["email", "mms"], "mms"), (["email", "sms"], "sms")],
)
def test_a_message_is_of_a_channel_that_the_stack_has(channels: Any, asked: str) -> None:
    profile, history, nobody = Profile(claims=Claims(channels=channels)), History(), cast(Any, None)
    client = ApiClient(history, url="http://127.0.0.1:9", profile=profile)
    more = {"driver": nobody, "loop": nobody, "probes": [], "wire": None, "providers": None, "counters": None}
    stack = Stack(profile=profile, history=history, client=client, **cast(Any, more))
    sent = stack.message("hello")
    assert (stack.channel, sent.type, sent.body) == (asked, asked, f"hello {sent.token}")
