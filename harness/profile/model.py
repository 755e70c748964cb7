"""What a profile can say, as a model: each table of the TOML file, its keys and their defaults."""

from __future__ import annotations

from itertools import chain
from typing import Final, Literal

from pydantic import Field

from harness.profile.base import Channel, Names, Port, Positive, Section
from harness.profile.database import Database
from harness.profile.queue import Queue


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
