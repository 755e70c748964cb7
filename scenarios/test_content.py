"""Content arrives as it was sent, in every channel and direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

import pytest

from harness.checks import arrives_as_sent, kept_as_received, shown_as_sent
from harness.extras import DISTRIBUTION, installed
from harness.plugin.outcomes import NotAsked
from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed
from harness.scenario.alphabet import INNER, Text, one_line, picked
from harness.scenario.contents import carry, deliver, look_at, tells
from harness.scenario.drawing import drawn, smallest
from harness.scenario.expectations import refused
from harness.scenario.messages import Message, longest_of, message, new_address, sms
from harness.scenario.stack import Stack

pytestmark = pytest.mark.check("content")

DRAWN = 12
SUBJECT = 150
"""Characters of a subject that no stack takes for too long."""
PICTURES = tuple(f"https://example.com/{name}" for name in ("a.png", "b%20c.jpg?x=1&y=%2F+z#d", "a.png", "e.gif"))
DETAILS = {"text": " \u00e9 \"'<&> ", "list": [1, 2.5, None, True, {"a": ""}], "": "no name"}
NOTHINGS = {"zero": 0, "no": False, "blank": "", "none of them": []}
"""Values that a test for truth takes for none."""


def judge(stack: Stack, messages: Sequence[Message]) -> None:
    """Carries messages, and judges them: at their provider, and as the API shows them, where it shows any."""
    sent, flows = carry(stack, messages)
    if all(refused(flow) for flow in flows):
        raise NotAsked("the stack takes no such messages", ["content"])
    verdicts = [arrives_as_sent(stack.history, stack.profile, messages=sent)]
    if look_at(stack, flows):
        verdicts.append(shown_as_sent(stack.history, stack.profile, messages=sent))
    stack.judge(*verdicts)


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_text_arrives_as_it_was_sent(stack: Stack, channel: Channel) -> None:
    texts = list(picked(mail=channel == "email", longest=longest_of(channel)).values())
    texts = texts[::2] if channel == "mms" else texts  # texts and pictures mostly go one way
    judge(stack, [message(channel, text[0], after=text[1], subject=one_line(text)[:SUBJECT].strip()) for text in texts])


@pytest.mark.parametrize("channel", CHANNELS)
def test_texts_that_are_drawn_arrive_as_they_were_sent(stack: Stack, channel: Channel) -> None:
    """Of those that don't, the smallest that can be found is told of."""
    if not installed("hypothesis"):
        raise NotAsked(f"texts are drawn by hypothesis: pip install '{DISTRIBUTION}[explore]'", ["hypothesis"])

    def made(text: Text) -> Message:
        return message(channel, text[0], after=text[1])

    def wrong(one: Message) -> bool:
        return arrives_as_sent(stack.history, stack.profile, messages=[one]).outcome == "fail"

    def goes_wrong(text: Text) -> bool:
        tried = made(text)
        extra.append(tried)
        carry(stack, [tried])
        return wrong(tried)

    extra: list[Message] = []
    texts = drawn(DRAWN)
    sent, flows = carry(stack, [made(text) for text in texts])
    if any(wrong(one) for one in sent):
        smallest({text: wrong(one) for text, one in zip(texts, sent, strict=False)}, goes_wrong, number=DRAWN)
    verdicts = [arrives_as_sent(stack.history, stack.profile, messages=[*sent, *extra])]
    if look_at(stack, flows):
        verdicts.append(shown_as_sent(stack.history, stack.profile, messages=sent))
    stack.judge(*verdicts)


@pytest.mark.needs("mms")
def test_pictures_arrive_as_they_were_sent(stack: Stack) -> None:
    many = [f"https://example.com/{number}.png" for number in range(10)]
    judge(stack, [message("mms", attachments=some) for some in (PICTURES, PICTURES[:1], PICTURES[::-1], many)])


@pytest.mark.needs("sms", "mms")
def test_a_text_with_pictures_keeps_them(stack: Stack) -> None:
    """A stack may take it for a picture message, or refuse it, but may not drop them."""
    judge(stack, [sms(attachments=PICTURES[:1]), sms(attachments=PICTURES)])


@pytest.mark.needs("email")
def test_an_email_arrives_whole(stack: Stack) -> None:
    """Its HTML, and whom to answer; also to an address with a plus."""
    texts = [*INNER.values()][::2]
    mails = [with_html(message("email", before, after=after)) for before, after in texts]
    mails += [message("email", reply_to=one.format(new_address().replace("@", "+re@"))) for one in SPELLED]
    mails.append(in_other_words(message("email", "in plain words")))
    if "email" not in stack.profile.messages.recipients:
        mails.append(message("email", to=new_address().replace("@", "+tag@")))
    judge(stack, mails)


@pytest.mark.needs("email", "mail_attachments")
def test_what_is_attached_to_an_email_arrives(stack: Stack) -> None:
    mails = [message("email", attachments=some) for some in (PICTURES[:1], PICTURES)]
    judge(stack, [*mails, with_html(message("email", attachments=PICTURES[1:]))])


SPELLED = ("{}", "Ann Lee <{}>", '"Lee, Ann \\"A\\"" <{}>', "Zo\u00eb <{}>")


def with_html(mail: Message) -> Message:
    """The same mail with its text in HTML, too."""
    text = escape(mail.body)
    return replace(
        mail, html=f'<div class="a b">\n<p>{text}</p>\n<a href="https://example.com/?a=1&amp;b=2">x</a></div>'
    )


def in_other_words(mail: Message) -> Message:
    """The same mail with HTML that doesn't say what its text says, so that each has to arrive."""
    return replace(mail, html=f"<p>in words of <b>HTML</b> {mail.token}</p>")


@pytest.mark.needs("retries")
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_second_attempt_carries_the_same(stack: Stack, channel: Channel) -> None:
    status = stack.profile.retries.statuses[0]
    sent = message(channel, " again ", after=" \n", reply_to=new_address())
    sent = replace(sent, attachments=PICTURES) if channel == "mms" else sent
    sent = with_html(sent) if channel == "email" else sent
    with stack.providers.fault({"to": sent.to}, status=status, times=1, retry_after=0):
        carried, _ = carry(stack, [sent])
    stack.judge(arrives_as_sent(stack.history, stack.profile, messages=carried))


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_goes_with_a_message_is_kept(stack: Stack, channel: Channel) -> None:
    if not tells(stack, channel, "metadata"):
        raise NotAsked("the profile names no {metadata} in [send] body", ["metadata"])
    kept = [{"order": "A-1"}, {one_line(text): text[0] + text[1] for text in INNER.values()}, DETAILS, NOTHINGS]
    judge(stack, [message(channel, metadata=one) for one in kept])


@pytest.mark.needs("webhooks")
@pytest.mark.parametrize("channel", CHANNELS)
def test_what_comes_in_is_kept_as_it_came(stack: Stack, channel: Channel) -> None:
    texts = list(picked(mail=channel == "email", longest=longest_of(channel)).values())
    # how a mail spells the ends of its lines is up to those who carry it
    texts = [text for text in texts if channel != "email" or "\r" not in "".join(text)]
    some: list[Text | None] = [*(texts if channel == "sms" else texts[::2])]
    # who doesn't say that it has pictures may find nothing in one without a text, nor HTML in a mail of its own form
    if channel == "email" and stack.profile.webhooks.email.body is None:
        some.append(None)
    if channel == "mms" and claimed(stack.profile, "mms"):
        some.append(None)
    replies = deliver(stack, channel, some)
    look_at(stack, [stack.inbound(reply.provider_id) for reply in replies])
    stack.judge(kept_as_received(stack.history, stack.profile, messages=replies))
