"""What messages a scenario makes of a stack that doesn't take just any."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.probes.probe import token_in
from harness.profile import Messages
from harness.profile.base import CHANNELS, Channel
from harness.scenario.alphabet import EDGES, INNER, TOKEN_LENGTH, Text, length_of, lengths
from harness.scenario.messages import (
    email,
    longest_of,
    message,
    mms,
    new_number,
    once_more,
    sender_of,
    sms,
    such_as,
)

OWN = Messages(
    senders={"sms": "+12025550177"},
    recipients={"sms": ["+15005550001", "+15005550002"], "email": ["one@example.org"]},
    longest={"sms": 40, "email": 60},
)


@pytest.fixture
def own() -> Iterator[None]:
    with such_as(OWN):
        yield


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_message_has_its_token_at_its_end_and_in_every_stack_the_same_shape(channel: Channel) -> None:
    made = message(channel, "a text")
    assert made.body == f"a text {made.token}"
    assert made.values()["body"] == made.body
    assert (made.values()["type"], made.values()["channel"]) == (channel, channel)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("text", [*EDGES.values(), *INNER.values(), *lengths(mail=True).values()])
def test_any_text_can_be_sent_as_it_is(channel: Channel, text: Text) -> None:
    before, after = text
    made = message(channel, before, after=after)
    assert made.body == made.values()["body"] == f"{before}{made.token}{after}"
    assert token_in(made.body) == made.token
    assert len(made.body) == length_of(text)


@pytest.mark.usefixtures("own")
def test_a_text_that_is_sent_as_it_is_is_never_cut() -> None:
    made = sms("x" * 100, after=" \n")
    assert made.body == "x" * 100 + made.token + " \n"
    assert length_of(("x" * 100, " \n")) > (longest_of("sms") or 0)


def test_what_stands_at_a_bodys_beginning_is_left_there() -> None:
    assert sms(" \ta").body.startswith(" \ta #h")
    assert len(sms("").body) == TOKEN_LENGTH


def test_the_same_once_more_has_another_token_in_the_same_place() -> None:
    sent = sms(" a ", after=" b ", attachments=["https://example.com/a.png"])
    again = once_more(sent)
    assert again.token != sent.token
    assert again.body == f" a {again.token} b "
    assert (again.to, again.attachments) == (sent.to, ("https://example.com/a.png",))


def test_no_two_messages_share_a_token_or_a_recipient() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: sms(), range(400)))
    assert len({one.token for one in made}) == len({one.to for one in made}) == 400


@pytest.mark.usefixtures("own")
def test_recipients_are_those_that_the_stack_takes_each_in_its_turn() -> None:
    assert {sms().to for _ in range(4)} == {"+15005550001", "+15005550002"}
    assert sms(to="+12065550100").to == "+12065550100"
    assert email().to == "one@example.org"
    assert mms().to not in OWN.recipients["sms"]


@pytest.mark.usefixtures("own")
def test_the_sender_is_the_stacks_own() -> None:
    assert sms().sender == sender_of("sms") == "+12025550177"
    assert sms(sender="+12065550100").sender == "+12065550100"
    assert mms().sender != "+12025550177"


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("body", ["x" * 700, "déjà 🎉" * 50, "short", ""])
def test_no_body_is_longer_than_the_stack_takes_and_each_has_its_token(body: str) -> None:
    for made, longest in ((sms(body), 40), (email(body), 60)):
        assert len(made.body) <= longest
        assert made.body.endswith(made.token)
        assert made.body.startswith(body[:20])
    assert len(mms(body).body) > len(body)


def test_what_one_stack_takes_is_no_other_stacks_affair() -> None:
    with such_as(OWN), such_as(Messages()):
        assert len(sms("x" * 700).body) > 700
    before = new_number()
    with such_as(OWN):
        pass
    assert sms().to not in {*OWN.recipients["sms"], before}
