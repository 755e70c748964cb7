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

    model_config = ConfigDict(extra="forbid", frozen=True)


class Process(Section):
    """A kind of process of the stack that the embedded deployment starts."""

    command: list[str] = Field(min_length=1)
    count: int = Field(default=1, ge=0, le=32)
    env: dict[str, str] = {}
    pid_file: str | None = None
    """Attached only: where the running process's number stands, so that it can be held."""


class Deploy(Section):
    driver: Literal["embedded", "containers", "attached"] = "embedded"
    redis_server: str | None = None
    postgres_bin: str | None = None
    api_port: Port = 0
    """0: any free port."""
    start_within: Positive = 30.0


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
    redis: Names = ["redis:7.4.2-bookworm", "messaging-harness/redis:offline"]


class Api(Section):
    url: str | None = None
    """Attached only: where the API answers."""
    send: str = "/api/v1/messages/send"
    message: str = "/api/v1/messages/{id}"
    messages: str = "/api/v1/messages/"
    conversations: str = "/api/v1/conversations"
    webhook_twilio: str = "/api/v1/webhooks/twilio"
    webhook_sendgrid: str = "/api/v1/webhooks/sendgrid"
    ready: str = "/ready"
    timeout: Positive = 60.0


class Queue(Section):
    url: str | None = None
    streams: dict[str, str] = {
        "sms": "message_queue:sms",
        "mms": "message_queue:mms",
        "email": "message_queue:email",
    }
    dead: Absent = "message_queue:dead"
    group: Absent = "workers"
    """Empty: the worker reads with plain XREAD; then nothing is acknowledged and no lag can be read."""
    field: str = "data"
    message_id: str = "message_id"
    finish: Finish | None = None
    """How a worker finishes an entry; not said: one that is acknowledged and kept is neither right nor wrong."""
    finish_first: bool = False
    """An entry may be finished before the provider is called: its work is kept elsewhere, in a row or another list."""
    observe: Literal["auto", "wire", "monitor", "tail"] = "auto"

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
    url: str | None = None
    table: str = "messages"
    id: str = "id"
    status: str = "status"
    direction: Absent = "direction"
    provider_id: Absent = "provider_message_id"
    body: Absent = "body"
    observe: Literal["auto", "trigger", "api"] = "auto"


STEPS: Final = ("pending", "sent", "delivered", "failed")
"""What a message comes to, in words that hold on every stack."""


class Statuses(Section):
    order: list[str] = ["pending", "sending", "retry", "sent", "delivered"]
    """From first to last; a status may only move to a later one."""
    cycles: list[list[str]] = [["sending", "retry"]]
    """Statuses that may alternate, such as a send and its retry."""
    queued: str = "pending"
    sent: str = "sent"
    delivered: str = "delivered"
    failed: str = "failed"
    inbound: str = "received"

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
    observe: Literal["mock", "none"] = "mock"
    """`none`: the stack mocks its providers inside; checks that need a call are unknown."""
    url: str | None = None
    twilio_account: str | None = None
    sendgrid_account: str | None = None
    token: str | None = None
    """What the mocks' control plane asks for, if it does."""
    senders: dict[str, str] = {}
    """The stack's own sender by channel, where it doesn't take the message's."""


class Policy(Section):
    delivery: Literal["at-least-once", "effectively-once"] = "at-least-once"
    queued_within: Positive = 5.0
    """Seconds after its acceptance by which a message must be on its stream; later is a failure, not unknown."""
    finished_within: Positive = 10.0
    """Seconds after its message's end by which an entry must be finished; later is a failure, not unknown."""


class Claims(Section):
    """What the stack says that it does: true may fail, false isn't asked, not said is tried."""

    channels: list[Channel] | None = None
    """Not said: it isn't known, but for those that a given `[queue] streams` leaves out, which there aren't."""
    webhooks: bool | None = None
    """Replies come in through webhooks and are stored."""
    signatures: bool | None = None
    """A webhook with a bad signature is refused."""
    delivery_reports: bool | None = None
    conversations: bool | None = None
    idempotency: bool | None = None
    """One idempotency key makes one message."""
    retries: bool | None = None
    """A provider's passing error is tried again."""
    dead_letters: bool | None = None
    redelivery: bool | None = None
    """What a dead worker had is taken up by the next."""
    several_workers: bool | None = None


class Waits(Section):
    within: Positive = 10.0
    """Seconds that an expectation waits before its verdict is unknown."""


class Profile(Section):
    """How to reach a stack and how to read it; every part has the reference stack's values as defaults."""

    name: str = "reference"
    deploy: Deploy = Deploy()
    images: Images = Images()
    env: dict[str, str] = {}
    migrate: list[str] = []
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
