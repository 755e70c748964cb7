"""Right variations of a small stack that shares nothing with the reference stack but Redis and PostgreSQL."""

from __future__ import annotations

from tests.quality.right.variation import Variation, not_asked, unknown

PROFILE = """
name = "{name}"
migrate = ["{{python}}", "-m", "tests.quality.right.small", "migrate"]

[processes.api]
command = ["{{python}}", "-m", "tests.quality.right.small", "api"]

[processes.worker]
command = ["{{python}}", "-m", "tests.quality.right.small", "worker"]

[api]
send = "/texts"
message = "/texts/{{id}}"
ready = "/healthy"
webhook_twilio = ""
webhook_sendgrid = ""

[queue]
streams = {{ sms = "texts" }}
dead = ""
field = "{field}"
message_id = "no"
group = "{group}"
{finish}

[database]
table = "outbound"
id = "no"
status = "state"
direction = ""
provider_id = "carrier_ref"
body = "words"

[statuses]
order = ["new", "working", "done"]
cycles = []
queued = "new"
sent = "done"
failed = "broken"

[env]
SMALL_GROUP = "{group}"
{env}
"""
CLAIMS = """
[claims]
channels = ["sms"]
webhooks = false
idempotency = false
retries = false
dead_letters = false
redelivery = {redelivery}
several_workers = {several}
"""
UNCLAIMED = ("mms", "email", "webhooks", "delivery reports", "retries", "idempotency", "conversations")
CLAIMED = tuple(not_asked(f"the profile claims no {what}") for what in UNCLAIMED)
NO_LIST = unknown("nothing is ever acknowledged", "asynchronous")
"""The scenario of the README expects an acknowledgement."""
PROVEN = (
    "sync-processing-disabled",
    "message-queued",
    "asynchronous",
    "worker-processed",
    "queue-operations",
    "whole-record",
)


def small(
    name: str,
    *more: str,
    finish: str | None = "ack",
    group: str = "senders",
    field: str = "job",
    claims: bool = True,
    redelivery: bool = True,
    several: bool = True,
    **env: str,
) -> str:
    """The profile of a small stack; `env` are its settings, `more` further lines."""
    settings = {**({"FINISH": finish} if finish else {}), **env}
    lines = "\n".join(f'SMALL_{name} = "{value}"' for name, value in settings.items())
    said = f'finish = "{finish}"' if finish else ""
    if env.get("FINISH") == "first":
        said += "\nfinish_first = true"
    text = PROFILE.format(name=name, field=field, group=group, finish=said, env=lines)
    told = CLAIMS.format(redelivery=str(redelivery).lower(), several=str(several).lower()) if claims else ""
    return "\n".join([text, *more, told])


SMALL = (
    Variation(
        name="small",
        what="texts only, numeric ids, words of its own, acknowledges only, no webhooks, each text tried once",
        profile=small("small"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
        quick=True,
    ),
    Variation(
        name="small-ack-delete",
        what="the same; XACK and XDEL are two round trips",
        profile=small("small-ack-delete", finish="ack-delete"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-trimmed",
        what="the same; XADD bounds the stream",
        profile=small("small-trimmed", finish="trim"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-uuid",
        what="uuids, answers 200, an entry with the id as a field of its own",
        profile=small("small-uuid", field="", KEY="uuid", ANSWER="200", FLAT="yes"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-number-as-text",
        what="a numeric id that is text in JSON",
        profile=small("small-number-as-text", NUMBERS="no", ANSWER="201"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-no-middle",
        what="a row goes from new to done, with no status between",
        profile=small("small-no-middle", WORKING="new"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-finishes-first",
        what="an entry is finished before its call: the rows keep what a worker has begun",
        profile=small("small-finishes-first", finish="ack-delete", FINISH="first"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-hashed",
        what="the table is partitioned by a hash of the id",
        profile=small("small-hashed", LAYOUT="hashed"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-partitioned-by-state",
        what="the table is partitioned by state: a row that ends moves to another partition",
        profile=small("small-partitioned-by-state", LAYOUT="by state"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-archived",
        what="a row that has ended moves to another table at once",
        profile=small("small-archived", LAYOUT="archived"),
        doubts=(*CLAIMED, unknown("was deleted when its status was")),
        proven=("sync-processing-disabled", "message-queued", "asynchronous", "queue-operations"),
        fast=True,
    ),
    Variation(
        name="small-commits-last",
        what="the API commits after it has queued; the worker waits for the row",
        profile=small("small-commits-last", COMMIT="last"),
        doubts=(
            *CLAIMED,
            unknown("it was sent only after the gate was opened", "asynchronous"),
            # what isn't committed was never taken
            unknown("the API's answer never came", "message-queued"),
        ),
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-terse",
        what="the API's answer says the id alone, no status",
        profile=small("small-terse", TERSE="yes"),
        doubts=(*CLAIMED, unknown("the API's answer says no status")),
        proven=("message-queued", "worker-processed", "queue-operations", "whole-record"),
        fast=True,
    ),
    Variation(
        name="small-own-sender",
        what="every text comes from the stack's own number, whatever the message says; the profile names it",
        profile=small("small-own-sender", "[providers]", 'senders = { sms = "+12025550199" }', SENDER="+12025550199"),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-messaging-service",
        what="every text is sent by a Messaging Service; the profile names it",
        profile=small(
            "small-messaging-service",
            "[providers]",
            'senders = { sms = "MG00000000000000000000000000000099" }',
            SENDER="MG00000000000000000000000000000099",
        ),
        doubts=CLAIMED,
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-no-group",
        what="the worker reads with plain XREAD and remembers how far",
        profile=small("small-no-group", group="", finish=None, several=False, redelivery=False),
        doubts=(
            *CLAIMED,
            not_asked("the profile claims no redelivery"),
            not_asked("the profile claims no several workers"),
            unknown("without a consumer group", "queue-operations"),
            NO_LIST,
        ),
        proven=("sync-processing-disabled", "message-queued", "worker-processed"),
        fast=True,
    ),
    Variation(
        name="small-no-group-deletes",
        what="plain XREAD, and each entry is deleted when its text is sent",
        profile=small("small-no-group-deletes", group="", finish="delete", several=False, redelivery=False),
        doubts=(
            *CLAIMED,
            not_asked("the profile claims no redelivery"),
            not_asked("the profile claims no several workers"),
            unknown("without a consumer group", "queue-operations"),
            NO_LIST,
        ),
        proven=("sync-processing-disabled", "message-queued", "worker-processed"),
        fast=True,
    ),
    Variation(
        name="small-noack",
        what="XREADGROUP with NOACK, and XDEL in the end: at most once",
        profile=small("small-noack", finish="delete", redelivery=False, NOACK="yes"),
        doubts=(*CLAIMED, not_asked("the profile claims no redelivery"), NO_LIST),
        proven=PROVEN,
        fast=True,
    ),
    Variation(
        name="small-polled",
        what="numeric ids, and the status can only be asked of the API",
        profile=small("small-polled").replace("[database]", '[database]\nobserve = "api"'),
        doubts=(
            *CLAIMED,
            unknown("sampled"),
            # a row whose API died before it answered: nothing joins it to the request
            unknown("the database isn't watched", "message-queued"),
            unknown("the status is only looked at now and then, through the API", "whole-record"),
        ),
        proven=("message-queued",),
        fast=True,
    ),
    Variation(
        name="small-silent",
        what="a profile that claims nothing and says nothing of how entries are finished",
        profile=small("small-silent", finish=None, claims=False),
        doubts=(
            *(not_asked(f"the profile claims no {what}") for what in ("mms", "email", "webhooks", "delivery reports")),
            unknown("the stack doesn't seem to"),
            unknown("its entry was acknowledged and not deleted", "worker-processed"),
            unknown("its entry is acknowledged and not deleted", "asynchronous"),
            unknown("its entry stays on the stream", "queue-operations"),
        ),
        proven=("sync-processing-disabled", "message-queued", "asynchronous", "whole-record"),
        fast=True,
    ),
    Variation(
        name="small-retries",
        what="it retries nothing, and its profile claims that it does",
        profile=small("small-retries").replace("retries = false", "retries = true"),
        wrong="it failed after 1 calls",
    ),
)
