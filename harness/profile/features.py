"""What a stack says that it does, and how it tries again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from harness.profile.base import Channel, Section


class Claims(Section):
    """What the stack says that it does: `true` may fail, `false` isn't asked; not said: it is tried, and unknown
    where it lacks.
    """

    channels: Annotated[list[Channel], Field(min_length=1)] | None = None
    """What it carries, as it was sent; not said: each that `[queue] streams` names is tried."""
    webhooks: bool | None = None
    """Replies come in through webhooks and are stored."""
    signatures: bool | None = None
    """A webhook with a bad signature is refused."""
    delivery_reports: bool | None = None
    """A provider's report moves the message on."""
    conversations: bool | None = None
    """Messages of one pair belong to one conversation."""
    idempotency: bool | None = None
    """One idempotency key makes one message."""
    validation: bool | None = None
    """A send that is no message (a recipient that is none, an unknown type) is refused with 4xx; asked of who claims
    it."""
    key_conflicts: bool | None = None
    """An idempotency key that comes again with another body is refused with 4xx; asked of who claims it."""
    lists: bool | None = None
    """The list of messages has each once, page by page, also while others are stored; asked of who claims it."""
    mail_attachments: bool | None = None
    """A mail carries what is attached to it, or links to it; asked of who claims it, since the addresses that are
    attached lead to nothing that could be fetched."""
    retries: bool | None = None
    """A provider's passing error is tried again."""
    dead_letters: bool | None = None
    """What can't be delivered is put on `[queue] dead`: also an entry that can't be read, or names no message. Not
    said: it isn't asked, since that would harm a stack without them."""
    outbox: bool | None = None
    """What is stored is queued, even where the API dies in between; not said: it is asked, and may fail, since what is
    never queued is lost."""
    failures: bool | None = None
    """A message that a provider refuses for good gets the status `[statuses] failed`."""
    redelivery: bool | None = None
    """What a dead worker had is taken up by the next."""
    takeover: bool | None = None
    """It is taken up by any other, also of another name: nothing waits for that worker to come back. Not said: it isn't
    asked."""
    regrouping: bool | None = None
    """A consumer group that is deleted while the workers run is made again, from the beginning of its stream. Not said:
    it isn't asked."""
    several_workers: bool | None = None
    """Several workers may share the work."""
    outages: bool | None = None
    """It gets over an outage of Redis, of the database, or of a link to them, by itself and without a loss; what it
    takes meanwhile counts, what it refuses doesn't."""


Broken = Literal["reset", "closed", "cut", "garbage", "timeout"]
"""A call that comes to no answer of the provider's."""


class Retries(Section):
    """How a provider's passing error is tried again."""

    statuses: Annotated[list[Annotated[int, Field(ge=400, le=599)]], Field(min_length=1)] = [503, 429, 500]
    """The answers after which it is."""
    also: list[Broken] | None = None
    """What else is tried again: a connection that is `reset`, or `closed` without an answer; an answer that is `cut`;
    `garbage` in its place, as a proxy's page of HTML, be its status 200; a `timeout`. Not said: it isn't asked."""
    attempts: int | None = Field(default=None, ge=2)
    """How many calls a message has at most; not said: it isn't asked."""
    within: float | None = Field(default=None, gt=0)
    """Seconds after a passing error, and what it asks to wait, by which the next call must come; not said: it isn't
    asked."""
    retry_after: bool | None = None
    """Whether it waits as long as an answer's Retry-After says, in seconds or as a date; not said: it isn't asked."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds after which a call without an answer is given up; not said: it isn't asked."""
    apart: bool | None = None
    """Whether other messages go on while one waits for its next try; not said: it isn't asked."""
