"""What messages say: the alphabet's texts as a step takes them, what stands before the token and what behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from harness.profile.base import Channel
from harness.scenario.alphabet import Text, length_of, picked, texts
from harness.scenario.messages import longest_of

Said = dict[str, Any]
"""The options of a step that sends."""


def said(text: Text) -> Said:
    before, after = text
    return {"body": before, "after": after}


def odd_ones(channel: Channel) -> Iterator[Said]:
    """Every text that was picked, as far as the stack takes it."""
    for text in picked(mail=channel == "email", longest=longest_of(channel)).values():
        yield said(text)


def drawn(channel: Channel) -> st.SearchStrategy[Said]:
    """Any text of the alphabet that the stack takes."""
    longest = longest_of(channel)
    return texts().filter(lambda text: longest is None or length_of(text) <= longest).map(said)
