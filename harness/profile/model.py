"""What a profile can say, as a model: each table of the TOML file, its keys and their defaults."""

from __future__ import annotations

from itertools import chain
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Absent = Annotated[str | None, BeforeValidator(lambda value: None if value == "" else value)]
"""A name, or "" for something that the stack doesn't have (TOML knows no null)."""
Port = Annotated[int, Field(ge=0, le=65535)]
Finish = Literal["ack-delete", "ack", "delete", "trim", "none"]
Channel = Literal["sms", "mms", "email"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)


class Section(BaseModel):
    """One table of the profile; a key that isn't known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Process(Section):
    """A kind of process of the stack: `[processes.api]`, `[processes.worker]`."""

    command: list[str] = Field(min_length=1)
    """The program and its words; `{python}` is our interpreter."""
    count: int = Field(default=1, ge=0, le=32)
    """How many of them run."""
    env: dict[str, str] = {}
    """Settings for these processes alone."""
    pid_file: str | None = None
    """Attached only: where the running process's number stands, so that it can be held."""


class Deploy(Section):
    """How the stack comes to run."""

    driver: Literal["embedded", "containers", "attached"] = "embedded"
    """`embedded`: processes on this machine; `containers`: Docker; `attached`: it runs already."""
    redis_server: str | None = None
    """Embedded only: a `redis-server` or `valkey-server` program, instead of the one from a wheel."""
    postgres_bin: str | None = None
    """Embedded only: a directory with `postgres` and `initdb`, instead of those from a wheel."""
    api_port: Port = 0
    """A fixed port for the API; 0 is any free one."""
    start_within: Positive = 30.0
    """Seconds that each part has to become ready."""


def one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(one_or_more), Field(min_length=1)]


class Images(Section):
    """Containers only: the images by name; of several, the first that the engine has."""

    stack: Names = ["messaging-harness/stack:local"]
    """API, workers and migrations."""
    tools: Names = ["messaging-harness/stack:local"]
    """The mock providers and the wire."""
    postgres: Names = ["postgres:17.4-bookworm", "messaging-harness/postgres:offline"]
    """The database."""
    redis: Names = ["redis:7.4.2-bookworm", "messaging-harness/redis:offline"]
    """Redis or Valkey."""


class Api(Section):
    """Where the stack's API answers, and its paths."""

    url: str | None = None
    """Attached only: where the API answers."""
    send: str = "/api/v1/messages/send"
    """Where a message is sent to."""
    message: str = "/api/v1/messages/{id}"
    """Where one message is shown; `{id}` is its id."""
    messages: str = "/api/v1/messages/"
    """Where messages are listed."""
    conversations: str = "/api/v1/conversations"
    """Where conversations are listed."""
    webhook_twilio: str = "/api/v1/webhooks/twilio"
    """Where Twilio's webhooks go; `""`: there are none for texts, so they aren't asked."""
    webhook_sendgrid: str = "/api/v1/webhooks/sendgrid"
    """Where SendGrid's webhooks go; `""`: there are none for mail, so they aren't asked."""
    ready: str = "/ready"
    """What answers 2xx once the API can take messages."""
    timeout: Positive = 60.0
    """Seconds until a request without an answer is indeterminate."""


class Queue(Section):
    """The Redis streams on which messages wait for a worker."""

    url: str | None = None
    """Attached only: Redis or Valkey, such as `redis://127.0.0.1:6379/0`."""
    streams: dict[str, str] = {
        "sms": "message_queue:sms",
        "mms": "message_queue:mms",
        "email": "message_queue:email",
    }
    """The stream of each channel; a channel that isn't named here isn't asked."""
    dead: Absent = "message_queue:dead"
    """The dead letters' stream; `""`: there is none."""
    group: Absent = "workers"
    """The consumer group; `""`: workers read with plain XREAD, so nothing is acknowledged and no lag can be read."""
    field: str = "data"
    """The entry's field with the JSON text."""
    message_id: str = "message_id"
    """The name of the id in that JSON, or a JSON pointer to it (`"/data/id"`); without that field, a field of the
    entry's own."""
    finish: Finish | None = None
    """How a worker finishes an entry; not said: one that is acknowledged and kept is unknown."""
    finish_first: bool = False
    """An entry may be finished before the provider is called: its work is kept elsewhere, in a row or another list."""
    observe: Literal["auto", "wire", "monitor", "tail"] = "auto"
    """`wire` (what we deploy), `monitor` (MONITOR and an XREAD tail), `tail` (the tail alone);
    `auto`: the best that there is."""

    @property
    def acknowledges(self) -> bool:
        """Whether an entry that was handled must be acknowledged; without a group nobody keeps a list."""
        return self.group is not None and self.finish in (None, "ack-delete", "ack", "trim")

    @property
    def deletes(self) -> bool | None:
        """Whether an entry that was handled must be gone from its stream; None where the profile doesn't say."""
        if self.group is None and self.finish is None:
            return False
        return None if self.finish is None else self.finish in ("ack-delete", "delete")


class Database(Section):
    """Where a message's row stands.

    A name is taken as it is (`Message`), then as SQL reads it (`app."Message"`), then in lower case.
    """

    url: str | None = None
    """Attached only: PostgreSQL 13 or later, itself and no pooler."""
    table: str = "messages"
    """The table of messages, and no view."""
    id: str = "id"
    """The column of the message's id."""
    status: str = "status"
    """The column of the status."""
    direction: Absent = "direction"
    """The column that says `outbound` or `inbound`; `""`: there is none."""
    provider_id: Absent = "provider_message_id"
    """The column of the provider's id; `""`: there is none."""
    body: Absent = "body"
    """The column of the text; `""`: there is none."""
    observe: Literal["auto", "trigger", "api"] = "auto"
    """`trigger`: every change; `api`: polled where no DDL is granted, so that states are only sampled; `auto`: a
    trigger where it may be made."""


STEPS: Final = ("pending", "sent", "delivered", "failed")
"""What a message comes to, in words that hold on every stack."""


class Statuses(Section):
    """The words of a message's way, in the stack's own language."""

    order: list[str] = ["pending", "sending", "retry", "sent", "delivered"]
    """From first to last; a status may only move to a later one."""
    cycles: list[list[str]] = [["sending", "retry"]]
    """Statuses that may alternate, such as a send and its retry."""
    queued: str = "pending"
    """The status of a message that was accepted and waits."""
    sent: str = "sent"
    """The provider took it."""
    delivered: str = "delivered"
    """The provider reported that it arrived."""
    failed: str = "failed"
    """Nothing more will be tried."""
    inbound: str = "received"
    """The status of a reply that came in."""

    def word(self, step: str) -> str:
        """The stack's word for a step (pending, sent, delivered, failed); a word of its own stays as it is."""
        words = dict(zip(STEPS, (self.queued, self.sent, self.delivered, self.failed), strict=True))
        return step if step in self.order else words.get(step, step)

    @property
    def known(self) -> frozenset[str]:
        """Every word that the profile names."""
        return frozenset({*self.order, *chain(*self.cycles), self.queued, *self.terminal})

    @property
    def terminal(self) -> frozenset[str]:
        """Statuses from which the worker moves nothing any more."""
        return frozenset({self.sent, self.delivered, self.failed, self.inbound})


class Providers(Section):
    """The mock Twilio and SendGrid that the stack calls."""

    observe: Literal["mock", "none"] = "mock"
    """`none`: the stack mocks its providers inside; checks that need a call are unknown."""
    url: str | None = None
    """Attached only: the `mock-providers` server that the stack calls."""
    twilio_account: str | None = None
    """Attached only: the stack's account SID on that server."""
    sendgrid_account: str | None = None
    """Attached only: the `name` of the stack's SendGrid account there."""
    token: str | None = None
    """Attached only: the token of that server's control plane, if it has one."""
    senders: dict[str, str] = {}
    """The stack's own sender by channel, where it doesn't take the message's: `{ sms = "+1…" }`, or a
    service's `MG…`."""


class Policy(Section):
    """What is wrong and what is allowed."""

    delivery: Literal["at-least-once", "effectively-once"] = "at-least-once"
    """`effectively-once` lets no duplicate pass, whatever explains it."""
    queued_within: Positive = 5.0
    """Seconds after its acceptance by which a message must be on its stream; later is a failure, not unknown."""
    finished_within: Positive = 10.0
    """Seconds after its message's end by which an entry must be finished, and after its answer by which a report or
    reply must have its effect; later is a failure, not unknown."""


class Claims(Section):
    """What the stack says that it does: `true` may fail, `false` isn't asked; not said: it is tried, and unknown
    where it lacks.
    """

    channels: list[Channel] | None = None
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
    retries: bool | None = None
    """A provider's passing error is tried again."""
    dead_letters: bool | None = None
    """What can't be delivered is put on `[queue] dead`; for scenarios of your own, none of ours asks for it."""
    redelivery: bool | None = None
    """What a dead worker had is taken up by the next."""
    several_workers: bool | None = None
    """Several workers may share the work."""


class Waits(Section):
    """How long a scenario waits."""

    within: Positive = 10.0
    """Seconds that an expectation waits before its verdict is unknown."""


class Profile(Section):
    """How to reach a stack and how to read it; every part has the reference stack's values as defaults."""

    name: str = "reference"
    """What the stack is called in reports."""
    deploy: Deploy = Deploy()
    images: Images = Images()
    env: dict[str, str] = {}
    """Settings for every process of the stack; `{postgres_host}`, `{redis_port}` and so on are filled in."""
    migrate: list[str] = []
    """The command that brings the schema up to date, before the stack starts."""
    processes: dict[Literal["api", "worker"], Process] = {}
    api: Api = Api()
    queue: Queue = Queue()
    database: Database = Database()
    statuses: Statuses = Statuses()
    providers: Providers = Providers()
    policy: Policy = Policy()
    claims: Claims = Claims()
    waits: Waits = Waits()

    def count(self, role: Literal["api", "worker"]) -> int:
        process = self.processes.get(role)
        return process.count if process else 0
