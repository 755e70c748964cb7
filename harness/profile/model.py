"""The profile: the TOML file that says how to reach a stack and how to read it."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.errors import ProfileError

Positive = Annotated[float, Field(gt=0)]
Absent = Annotated[str | None, BeforeValidator(lambda value: None if value == "" else value)]
"""A name, or "" for something that the stack doesn't have (TOML knows no null)."""
Port = Annotated[int, Field(ge=0, le=65535)]


Finish = Literal["ack-delete", "ack", "delete", "trim", "none"]


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
        steps = {"pending": self.queued, "sent": self.sent, "delivered": self.delivered, "failed": self.failed}
        return step if step in self.order else steps.get(step, step)

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

    channels: list[Literal["sms", "mms", "email"]] | None = None
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


VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load(path: Path, *, environ: Mapping[str, str] | None = None, driver: str | None = None) -> Profile:
    """The profile in a TOML file, with `${NAME}` replaced from the environment; raises ProfileError.

    `driver` deploys it otherwise than it says itself.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ProfileError(f"the profile {path} can't be read: {why}; name one with --profile") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"the profile {path} is not TOML: {error}; mend that line") from error
    if driver is not None:
        deploy = table.get("deploy", {})
        table["deploy"] = {**deploy, "driver": driver} if isinstance(deploy, dict) else deploy
    return parse(table, source=str(path), environ=os.environ if environ is None else environ)


def parse(table: Mapping[str, Any], *, source: str, environ: Mapping[str, str]) -> Profile:
    """The profile in a parsed table; raises ProfileError with the first thing that is wrong."""
    filled = interpolate(table, source=source, environ=environ)
    try:
        profile = Profile.model_validate(filled)
    except ValidationError as error:
        raise ProfileError(explain(error, source=source)) from error
    if profile.deploy.driver != "attached" and "api" not in profile.processes:
        raise ProfileError(
            f"{source}: [processes.api] is missing, and driver = {profile.deploy.driver!r} starts the stack itself; "
            "say its command, or set driver = 'attached'"
        )
    if profile.deploy.driver == "attached" and not profile.api.url:
        raise ProfileError(f"{source}: driver = 'attached' needs [api] url, where the stack answers")
    if profile.claims.dead_letters and profile.queue.dead is None:
        raise ProfileError(f'{source}: [claims] dead_letters = true, and [queue] dead = "": name their stream')
    if profile.claims.webhooks and not (profile.api.webhook_twilio or profile.api.webhook_sendgrid):
        raise ProfileError(f"{source}: [claims] webhooks = true, and no path in [api] webhook_…: name one")
    return profile


def interpolate(value: Any, *, source: str, environ: Mapping[str, str]) -> Any:
    if isinstance(value, str):

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in environ:
                raise ProfileError(f"{source}: ${{{name}}} is named, but the environment has no {name}; export it")
            return environ[name]

        return VARIABLE.sub(replace, value)
    if isinstance(value, Mapping):
        return {k: interpolate(v, source=source, environ=environ) for k, v in value.items()}
    if isinstance(value, list):
        return [interpolate(v, source=source, environ=environ) for v in value]
    return value


def explain(error: ValidationError, *, source: str) -> str:
    """The first thing that is wrong with a profile, in one line, with the nearest known key."""
    problem = error.errors(include_url=False)[0]
    where = [str(part) for part in problem["loc"]]
    name = ".".join(where)
    if problem["type"] == "extra_forbidden":
        known = known_keys(where[:-1])
        close = difflib.get_close_matches(where[-1], known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
        return f"{source}: unknown key {name!r}; {hint}"
    given = "" if problem["type"] == "missing" else f", got {shorten(problem.get('input'))}"
    return f"{source}: {name}: {problem['msg'][:1].lower()}{problem['msg'][1:]}{given}"


def shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def known_keys(path: list[str]) -> list[str]:
    model: type[BaseModel] = Profile
    for part in path:
        field = model.model_fields.get(part)
        inner = field.annotation if field else Process
        model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else Process
    return list(model.model_fields)
