"""Right variations of a small stack on a SQLite file, and the defects on one that must be found there."""

from __future__ import annotations

from tests.quality.right.of_small import CLAIMED, PROVEN
from tests.quality.right.variation import Doubt, Variation, unknown

PROFILE = """
version = 2
name = "{name}"
migrate = ["{{python}}", "-m", "tests.quality.right.filed", "migrate"]

[processes.api]
command = ["{{python}}", "-m", "tests.quality.right.filed", "api"]

[processes.worker]
command = ["{{python}}", "-m", "tests.quality.right.filed", "worker"]

[api]
ready = "/up"

[send]
path = "/outbox"

[look]
path = "/outbox/{{id}}"

[webhooks]
sms = {{ path = "" }}
email = {{ path = "" }}

[queue]
streams = {{ sms = "filed" }}
dead = ""
field = ""
message_id = "ref"
group = "senders"
finish = "ack"

[database]
kind = "sqlite"
table = "outbox"
columns = {{ id = "ref", status = "state", direction = "", provider_id = "{sid}", body = "words" }}

[statuses]
order = ["queued", "sending", "sent"]
cycles = []
queued = "queued"
sent = "sent"
failed = "failed"

[claims]
channels = ["sms"]
webhooks = false
idempotency = false
retries = false
dead_letters = false
redelivery = true
several_workers = true

[env]
{env}
"""


def filed(
    name: str,
    what: str,
    *,
    sid: str = "sid",
    quick: bool = False,
    doubts: tuple[Doubt, ...] = (),
    wrong: str = "",
    **env: str,
) -> Variation:
    """A variation of the stack on a file; `env` are its settings."""
    lines = "\n".join(f'FILED_{key} = "{value}"' for key, value in env.items())
    return Variation(
        name=name,
        what=what,
        profile=PROFILE.format(name=name, env=lines, sid=sid),
        doubts=(*CLAIMED, *doubts),
        proven=PROVEN,
        fast=True,
        quick=quick,
        wrong=wrong,
    )


FILED = (
    filed("filed", "rows in a SQLite file with a write-ahead log, numeric ids", quick=True),
    filed("filed-journal", "the same with a rollback journal", JOURNAL="delete"),
    filed(
        "filed-no-sid",
        "the row doesn't keep the provider's id, and SQLite's clock counts milliseconds",
        sid="",
        doubts=(unknown("the acceptance was at about the time of the row", "worker-processed"),),
    ),
    filed("filed-uuid", "uuids without their dashes, as SQLAlchemy and Django keep them", KEY="uuid"),
    filed("filed-bytes", "uuids as bytes, and WITHOUT ROWID", KEY="bytes", OPTIONS="WITHOUT ROWID"),
    filed("filed-replaced", "rows are replaced, not updated", REPLACE="yes"),
    filed("filed-replaced-recursive", "the same, with recursive triggers", REPLACE="yes", RECURSIVE="yes"),
    filed("filed-late", "the API makes the file and its table when it starts", MAKES_TABLE="yes"),
    filed("filed-inline", "the API sends the text itself", WRONG="inline", wrong="the API did it"),
    filed("filed-sent-early", "a row is sent before its call", WRONG="sent early", wrong="before the acceptance"),
)
