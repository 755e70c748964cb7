"""Right variations of how the reference stack's API answers, and of who appends when."""

from __future__ import annotations

from tests.quality.right import api_seams, finishing, worker_seams
from tests.quality.right.pace import in_worker
from tests.quality.right.profiles import beside, ours
from tests.quality.right.variation import CHECKS, unknown

ORDER = "the API answered although its XADD was withheld"
"""Proof 2 is about an API that waits for Redis before it answers; one with an outbox doesn't."""

OWN_NAMES = """
[webhooks.sms]
body = { from = "{from}", to = "{to}", type = "{type}", messaging_provider_id = "{provider_id}", body = "{body}" }
report_body = { MessageSid = "{provider_id}", MessageStatus = "{status}", ErrorCode = "{error}" }
refuses = [403]
[webhooks.email]
body = { from = "{from}", to = "{to}", message_id = "{provider_id}", subject = "{subject}", body = "{body}" }
report_body = [{ sg_message_id = "{provider_id}", event = "{status}" }]
""".splitlines()

PUBLISHING = (
    ours(
        "outbox-only",
        "the API never appends while it is asked: its relay does, 30 ms later",
        install=api_seams.outbox_only,
        doubts=(unknown(ORDER, "asynchronous"),),
        quick=True,
    ),
    ours(
        "relay-beside-the-worker",
        "a relay process appends; the worker's parent starts it",
        install=api_seams.relayed_elsewhere,
        # a hold of the worker reaches its relay, and a gate of the API meets nobody who appends
        doubts=(
            unknown("the gate was never reached: it is not the API", "asynchronous"),
            unknown("the gate of the api was never met", "message-queued"),
            unknown("while held", "queue-operations", "asynchronous"),
            unknown("while the worker is held: what puts it there may be held with it", "asynchronous"),
        ),
        proven=tuple(check for check in CHECKS if check != "queue-operations"),
        stack={"worker": beside("relay-beside-the-worker", "worker", "tests.quality.right.relay")},
    ),
    ours(
        "relay-beside-the-api",
        "a relay process appends; the API's parent starts it",
        install=api_seams.relayed_elsewhere,
        doubts=(unknown(ORDER, "asynchronous"),),
        stack={"api": beside("relay-beside-the-api", "api", "tests.quality.right.relay")},
    ),
    ours(
        "slow-publish",
        "300 ms lie between the API's commit and its XADD",
        install=api_seams.slow_publish(0.3),
    ),
    ours(
        "impatient-publisher",
        "the API gives Redis 100 ms, then leaves the entry to its relay: at least once, never lost",
        "[env]",
        'REDIS_PUBLISH_TIMEOUT_S = "0.1"',
        install=in_worker(worker_seams.slow_work(0.3)),
        doubts=(unknown(ORDER, "asynchronous"),),
    ),
    ours(
        "slow-answer",
        "the API answers 300 ms after it has appended",
        install=api_seams.slow_answer(0.3),
    ),
    ours(
        "published-in-a-transaction",
        "XADD inside MULTI and EXEC",
        install=api_seams.published_in_a_transaction,
        fast=True,
    ),
    ours(
        "ids-of-its-own",
        "the API gives its entries ids of its own",
        install=finishing.with_ids_of_its_own,
        fast=True,
    ),
    ours(
        "bytes-in-entries",
        "entries have more fields, with bytes that are no text",
        install=finishing.with_bytes,
        fast=True,
    ),
    ours(
        "stored-later",
        "webhooks are answered 200 first; rows and the effects of reports come 30 ms later",
        install=api_seams.stored_later,
        fast=True,
        quick=True,
    ),
    ours(
        "webhooks-of-its-own",
        "replies and reports come with plain names, in JSON, signed as the providers sign JSON",
        *OWN_NAMES,
        fast=True,
    ),
)
