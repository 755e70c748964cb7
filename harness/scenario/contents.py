"""What the scenarios of content share: messages sent all at once, replies delivered all at once, and looks at them."""

from __future__ import annotations

import contextlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness.errors import Inconclusive
from harness.history import Flow
from harness.probes.probe import new_token
from harness.profile.base import Channel
from harness.profile.templates import names_in
from harness.scenario.alphabet import Text
from harness.scenario.messages import Message, new_address, new_number, once_more
from harness.scenario.replies import address_of, deliver_mail, deliver_text
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow

AT_ONCE = 16
MANY = 20
FEW = 5
AGAIN = 2
"""How often what met an error is sent again, alone, so that an error each time is none of a moment; `FEW` of them."""
NAMED = ("{}", "Ann Lee <{}>", '"Lee, Ann \\"A\\"" <{}>', "Zo\u00eb \U0001f600 <{}>")
"""How a mail may spell its sender."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A message that a provider delivered to the stack; `parts` are named as in `[look] shows`."""

    provider_id: str
    parts: Mapping[str, Any]
    says: str = ""
    """A word that stands somewhere in it, wherever a stack may keep that."""


def tells(stack: Stack, channel: Channel, part: str) -> bool:
    """Whether the stack is told a part of a message when one is sent."""
    send = stack.profile.send.of(channel)
    return part in names_in([send.body, send.headers])


def carry(stack: Stack, messages: Sequence[Message]) -> tuple[list[Message], list[Flow]]:
    """Sends messages, many at once, and again what the API met with an error of its own; all of them, at rest.

    Not all of them at once: a worker that takes a while for each may have what it needs for some.
    """
    flows: list[TrackedFlow] = []
    for begin in range(0, len(messages), MANY):
        some = [stack.sending(message) for message in messages[begin : begin + MANY]]
        stack.all_finished(some)
        flows += some
    broken = [flow.message for flow in flows if server_error(flow.now)]
    flows += [stack.send(once_more(message)) for message in broken[:FEW] for _ in range(AGAIN)]
    return [flow.message for flow in flows], stack.all_finished(flows)


def server_error(flow: Flow) -> bool:
    return bool(flow.answers) and (flow.answers[-1].data.get("status") or 0) // 100 == 5


def deliver(stack: Stack, channel: Channel, texts: Iterable[Text | None]) -> list[Delivered]:
    """Delivers replies with these texts all at once, in every shape that the channel has; all of them, at rest.

    None is a reply without a text: pictures alone, or a mail of HTML alone.
    """
    one = delivered_mail if channel == "email" else partial(delivered_text, pictures=channel == "mms")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda numbered: one(stack, *numbered), enumerate(texts)))
    stack.all_finished([stack.reply(each.provider_id) for each in found])
    return found


def delivered_text(stack: Stack, number: int, text: Text | None, *, pictures: bool) -> Delivered:
    """Delivers a text, with one picture or more where it has any."""
    media = [f"https://example.com/{number}-{n}.png?x=%2F&y=1" for n in range((1, 2, 3, 10)[number % 4])]
    sender, body = new_number(), new_token().join(text) if text else ""
    more = {"media": media} if pictures else {}
    answer = deliver_text(stack, sender=sender, body=body, **more)
    parts = {"from": sender, "to": address_of(stack, "sms"), "body": body, "attachments": media if pictures else []}
    return Delivered(provider_id=answer["sid"], parts=known(stack, "sms", parts))


def delivered_mail(stack: Stack, number: int, text: Text | None) -> Delivered:
    """Delivers a mail with a sender of its own spelling, a subject, and some files."""
    sender, body = new_address().replace("@", "+tag@"), new_token().join(text) if text else ""
    subject, word = " ".join(["Re:", *"".join(text or ()).split(), "end"]), new_token()
    html = {} if text else {"html": f"<p>of <b>HTML</b> alone {word}</p>"}
    names = [f"{n} file \u00e9.txt" for n in range(number % 3)]
    files = [{"filename": name, "content": b64encode(b"content").decode(), "type": "text/plain"} for name in names]
    answer = deliver_mail(
        stack, sender=NAMED[number % len(NAMED)].format(sender), text=body, subject=subject, attachments=files, **html
    )
    parts = {"from": sender, "to": address_of(stack, "email"), "body": body, "subject": subject, "files": names}
    own = known(stack, "email", parts)
    if html:
        own.pop("body", None)  # how it makes a text of HTML is the stack's affair
    return Delivered(provider_id=answer["message_id"], parts=own, says=word if html else "")


def known(stack: Stack, channel: Channel, parts: dict[str, Any]) -> dict[str, Any]:
    """What of a reply the stack is told: all that the vendor says, or what the profile's own body names."""
    own = stack.profile.webhooks.of(channel).body
    return parts if own is None else {name: value for name, value in parts.items() if name in names_in(own)}


def look_at(stack: Stack, flows: Iterable[Flow]) -> bool:
    """Looks at messages through the API, all at once; whether it shows anything of what any of them says."""
    since = len(stack.history)
    ids = [flow.id for flow in flows if flow.id]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(partial(looked, stack), ids))
    return any(event.data.get("shown") for event in stack.history.events("api.answered", after=since))


def looked(stack: Stack, message_id: str) -> None:
    with contextlib.suppress(Inconclusive):  # a stack that shows no single message, or doesn't answer
        stack.api_client.message(message_id)
