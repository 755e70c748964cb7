"""Right stacks a step away from the contract, each with the lines that describe it, and what is said without them."""

from __future__ import annotations

from dataclasses import dataclass, field

PROFILE = """
version = 2
name = "shaped"
migrate = ["{python}", "-m", "tests.cases.shaped", "migrate"]

[processes.api]
command = ["{python}", "-m", "tests.cases.shaped", "api"]

[processes.worker]
command = ["{python}", "-m", "tests.cases.shaped", "worker"]
"""
CLAIMS = """
[claims]
channels = ["sms"]
webhooks = false
idempotency = false
retries = false
several_workers = true
"""
QUEUE = '[queue]\nstreams = { sms = "message_queue:sms" }\ndead = ""\nfinish = "ack-delete"\n'


@dataclass(frozen=True, kw_only=True)
class Case:
    """A shape of the stack: its settings, and the lines of a profile that describe it."""

    name: str
    env: dict[str, str] = field(default_factory=dict)
    lines: str = ""
    queue: str = ""
    """Lines of [queue], of the describing kind."""
    claims: str = CLAIMS
    open: tuple[str, ...] = ()
    """What may be unknown though it is described: words of the reason."""
    without: tuple[str, ...] = ()
    """What is unknown without the lines: words of the reasons, each of which must stand somewhere."""
    unusable: str = ""
    """How the run ends without the lines, where nothing can be verified at all."""
    alike: bool = False
    """Whether nothing needs to be described: without lines it is as right as with them."""

    def profile(self, *, described: bool) -> str:
        env = "\n".join(f'SHAPED_{name} = "{value}"' for name, value in self.env.items())
        lines = [PROFILE, f"[env]\n{env}\n", self.claims, QUEUE]
        return "\n".join([*lines, *([self.queue, self.lines] if described else [])])


SAMPLED = "only sampled"
CASES = (
    Case(
        name="an-id-in-an-envelope",
        env={"ENTRY": "envelope"},
        queue='message_id = "/data/message_id"\n',
        without=("name no message that is known",),
    ),
    Case(
        name="a-number-for-an-id",
        env={"ID": "number"},
        lines='[database]\nobserve = "api"\n',
        open=(SAMPLED,),
        alike=True,
    ),
    Case(
        name="quoted-names",
        env={"TABLE": '\\"Message\\"', "REFERENCE": '\\"providerMessageId\\"'},
        lines='[database]\ntable = "Message"\ncolumns = { provider_id = "providerMessageId" }\n',
        unusable="table 'messages' does not exist",
    ),
    Case(
        name="an-id-in-a-header",
        env={"ANSWER": "location"},
        lines='[send]\nid = { header = "Location", match = "[^/]+$" }\nstatus = ""\n',
        without=("the API's answer says no status",),
    ),
    Case(
        name="a-nested-answer",
        env={"ANSWER": "nested"},
        lines='[send]\nid = "/data/id"\nstatus = "/data/status"\n[look]\nstatus = "/data/status"\n',
        without=("the API's answer says no status",),
    ),
    Case(
        name="a-key-of-the-api",
        env={"KEY": "k-1"},
        lines='[api]\nheaders = { X-Api-Key = "${SHAPED_KEY}" }\n',
        unusable='it answered 401 {"error": "no key"}',
    ),
    Case(name="a-redirect", env={"SLASH": "yes"}, alike=True),
    Case(
        name="numbers-in-the-row",
        env={"STATES": "numbers"},
        lines="""[statuses]
order = [1, 2, 4]
cycles = []
queued = { row = 1, api = "pending" }
sent = { row = 4, api = "sent" }
failed = { row = 8, api = "failed" }
""",
        without=("a word that the profile doesn't know",),
    ),
)
