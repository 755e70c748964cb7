"""Replies: each stored once, however often and together with whom it comes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from harness.checks import at_once, one_conversation, stored_once
from harness.history import Flow
from harness.plugin.outcomes import NotAsked
from harness.probes.probe import new_token
from harness.profile.base import Channel
from harness.scenario.deliveries import new_id
from harness.scenario.messages import new_address, new_number
from harness.scenario.replies import conversations_of, deliver_mail, deliver_text
from harness.scenario.stack import Stack

pytestmark = pytest.mark.check("webhooks")

ROUNDS = 5
"""How often those who come at once do so: between a look and an act there may be less than a millisecond."""

REFUSED = range(400, 500)

MANY = 40
"""Replies after which one comes again: more than anybody would keep in mind for a moment."""


def judge_once(stack: Stack, provider_id: str, *, deliveries: int) -> None:
    """A reply may be stored a moment after it was answered; judged once it is, or has had its time."""
    done = stack.finished(stack.reply(provider_id))
    stack.judge(stored_once(stack.history, done, stack.profile, deliveries=deliveries))


@pytest.mark.needs("sms", "webhooks")
@pytest.mark.parametrize("media", [0, 1], ids=["sms", "mms"])
def test_a_text_reply_is_stored_once(stack: Stack, media: int) -> None:
    sid = deliver_text(stack, media=[f"https://example.com/{n}.png" for n in range(media)])["sid"]
    judge_once(stack, sid, deliveries=1)


@pytest.mark.needs("email", "webhooks")
def test_a_mail_reply_is_stored_once(stack: Stack) -> None:
    reply = deliver_mail(stack)
    judge_once(stack, reply["message_id"], deliveries=1)


@pytest.mark.needs("sms", "webhooks")
def test_a_text_reply_delivered_twice_is_stored_once(stack: Stack) -> None:
    sender = new_number()
    first = deliver_text(stack, sender=sender)
    deliver_text(stack, sender=sender, body=first["body"], sid=first["sid"])
    judge_once(stack, first["sid"], deliveries=2)


@pytest.mark.needs("email", "webhooks")
def test_a_mail_reply_delivered_twice_is_stored_once(stack: Stack) -> None:
    sender, message_id = new_address(), f"<{new_token()[1:]}@example.com>"
    first = deliver_mail(stack, sender=sender, message_id=message_id)
    deliver_mail(stack, sender=sender, message_id=message_id)
    judge_once(stack, first["message_id"], deliveries=2)


@pytest.mark.needs("webhooks")
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_who_says_the_same_twice_is_stored_twice(stack: Stack, channel: Channel) -> None:
    """A repeated delivery is known by its provider's id, and not by what it says: yes may be an answer to both."""
    text = f"yes {new_token()}"
    sender, names = (new_number() if channel == "sms" else new_address()), [new_id(channel) for _ in range(2)]
    for name in names:
        if channel == "sms":
            deliver_text(stack, sender=sender, body=text, sid=name)
        else:
            deliver_mail(stack, sender=sender, text=text, message_id=name)
    done = stack.finished(stack.reply(names[0]))
    stack.judge(stored_once(stack.history, done, stack.profile, deliveries=2, messages=2))


@pytest.mark.needs("email", "webhooks")
def test_mails_without_an_id_are_each_stored(stack: Stack) -> None:
    """Not every mail has a Message-ID; a stack may refuse such a one, but two of them are two."""
    if stack.profile.webhooks.email.body is not None:
        raise NotAsked("replies come in the stack's own names, so each has an id", ["email"])
    replies = [deliver_mail(stack, headers={"Message-ID": None}) for _ in range(2)]
    if all(reply["status"] in REFUSED for reply in replies):
        raise NotAsked("the stack takes no mail without a Message-ID", ["email"])
    for reply in replies:
        judge_once(stack, reply["message_id"], deliveries=1)


@pytest.mark.needs("sms", "webhooks")
def test_a_reply_delivered_five_times_at_once_is_stored_once(stack: Stack) -> None:
    for _ in range(ROUNDS):
        sender, sid = new_number(), "SM" + new_token()[2:].ljust(32, "0").encode().hex()[:32]
        text, together = f"same {new_token()}", stack.providers.at_once(5)
        same = partial(deliver_text, stack, sender=sender, body=text, sid=sid, at_once=together)
        with ThreadPoolExecutor(5) as pool:
            for delivery in [pool.submit(same) for _ in range(5)]:
                delivery.result()
        done = stack.finished(stack.reply(sid))
        stack.judge(stored_once(stack.history, done, stack.profile, deliveries=5), at_once(stack.history, done))


@pytest.mark.needs("webhooks")
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_reply_that_comes_again_after_many_others_is_stored_once(stack: Stack, channel: Channel) -> None:
    """A provider that isn't sure repeats a delivery, much later too; Twilio then says what went wrong before."""

    def deliver(sender: str, name: str, **more: Any) -> None:
        if channel == "sms":
            deliver_text(stack, sender=sender, sid=name, body=f"from {sender} {marks[name]}", **more)
        else:
            deliver_mail(stack, sender=sender, message_id=name, text=f"from {sender} {marks[name]}")

    names = [new_id(channel) for _ in range(MANY)]
    marks = {name: new_token() for name in names}
    senders = [new_number() if channel == "sms" else new_address() for _ in names]
    again = {"params": {"ErrorCode": "11200", "ErrorUrl": "https://example.com/hook"}} if channel == "sms" else {}
    deliver(senders[0], names[0])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(deliver, senders[1:], names[1:]))
    deliver(senders[0], names[0], **again)
    twice, *others = stack.all_finished([stack.reply(name) for name in names])
    stack.judge(stored_once(stack.history, twice, stack.profile, deliveries=2))
    for done in others:
        stack.judge(stored_once(stack.history, done, stack.profile, deliveries=1))


@pytest.mark.needs("webhooks", "conversations")
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_twenty_first_messages_make_one_conversation(stack: Stack, channel: Channel) -> None:
    def deliver(number: int, sender: str, together: dict[str, Any]) -> None:
        if channel == "sms":
            deliver_text(stack, sender=sender, body=f"first {number}", at_once=together)
        else:
            deliver_mail(stack, sender=sender, text=f"first {number}", at_once=together)

    for _ in range(ROUNDS):
        sender = new_number() if channel == "sms" else new_address()
        since = len(stack.history)
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(partial(deliver, sender=sender, together=stack.providers.at_once(20)), range(20)))
        stack.settle()
        deliveries = Flow(stack.history.events("callback.sent", "callback.answered", after=since))
        listing, evidence = conversations_of(stack, sender, expected=20)
        stack.judge(one_conversation(listing, evidence, expected=20), at_once(stack.history, deliveries))


@pytest.mark.needs("sms", "mms", "webhooks", "conversations")
def test_words_and_pictures_of_a_pair_are_one_conversation(stack: Stack) -> None:
    sender = new_number()
    deliver_text(stack, sender=sender)
    deliver_text(stack, sender=sender, media=["https://example.com/a.png"])
    listing, evidence = conversations_of(stack, sender, expected=2)
    stack.judge(one_conversation(listing, evidence, expected=2))


@pytest.mark.needs("sms", "webhooks", "conversations")
def test_replies_go_to_the_pair_they_belong_to(stack: Stack) -> None:
    one, other = new_number(), new_number()
    deliver_text(stack, sender=one)
    deliver_text(stack, sender=other)
    for sender in (one, other):
        listing, evidence = conversations_of(stack, sender, expected=1)
        stack.judge(one_conversation(listing, evidence, expected=1))
