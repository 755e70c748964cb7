"""Right variations of the reference stack that change how it queues, works and finishes."""

from __future__ import annotations

from tests.quality.right import api_seams, database_seams, finishing, pace, worker_seams
from tests.quality.right.finishing import ack, by, delete, together
from tests.quality.right.profiles import beside, reference
from tests.quality.right.variation import CHECKS, Variation, not_asked, unknown

ORDER = "the API answered although its XADD was withheld"
"""Proof 2 is about an API that waits for Redis before it answers; one with an outbox doesn't."""


def in_worker(install):
    def installed() -> None:
        if pace.worker():
            install()

    return installed


FINISHING = (
    Variation(
        name="xack-then-xdel",
        what="XACK and XDEL are two round trips",
        profile=reference("xack-then-xdel"),
        install=by(ack, delete),
        fast=True,
        quick=True,
    ),
    Variation(
        name="xack-then-xdel-5ms",
        what="5 ms lie between XACK and XDEL",
        profile=reference("xack-then-xdel-5ms"),
        install=by(ack, delete, pause_s=0.005),
        fast=True,
    ),
    Variation(
        name="xack-then-xdel-50ms",
        what="50 ms lie between XACK and XDEL",
        profile=reference("xack-then-xdel-50ms"),
        install=by(ack, delete, pause_s=0.05),
        fast=True,
    ),
    Variation(
        name="shuffled-pauses",
        what="up to 50 ms lie before anything that the worker says to Redis or PostgreSQL, XACK and XDEL apart",
        profile=reference("shuffled-pauses"),
        install=in_worker(together(by(ack, delete), lambda: pace.between_commands(pace.shuffled(0.05)))),
        quick=True,
    ),
    Variation(
        name="shuffled-pauses-of-all",
        what="the same of the API too",
        profile=reference("shuffled-pauses-of-all"),
        install=together(by(ack, delete), lambda: pace.between_commands(pace.shuffled(0.05))),
    ),
    Variation(
        name="xdel-then-xack",
        what="the entry is deleted first, and acknowledged 20 ms later",
        profile=reference("xdel-then-xack"),
        install=by(delete, ack, pause_s=0.02),
        fast=True,
    ),
    Variation(
        name="one-by-one",
        what="each entry of a batch is acknowledged and deleted by itself",
        profile=reference("one-by-one"),
        install=by(finishing.one_by_one),
        fast=True,
    ),
    Variation(
        name="acknowledged-only",
        what="XACK alone: the stream keeps its entries",
        profile=reference("acknowledged-only", finish="ack"),
        install=by(ack),
        fast=True,
        quick=True,
    ),
    Variation(
        name="trimmed-by-xadd",
        what="XACK alone; the API's XADD bounds the stream by MAXLEN",
        profile=reference("trimmed-by-xadd", finish="trim"),
        install=together(by(ack), finishing.bounded),
        fast=True,
    ),
    Variation(
        name="trimmed-by-xtrim",
        what="XACK, then XTRIM by the worker",
        profile=reference("trimmed-by-xtrim", finish="trim"),
        install=by(ack, finishing.trim),
        fast=True,
    ),
    Variation(
        name="trimmed-by-id",
        what="XACK, then XTRIM MINID up to the oldest entry that is pending",
        profile=reference("trimmed-by-id", finish="trim"),
        install=by(ack, finishing.trim_by_id),
        fast=True,
    ),
    Variation(
        name="trimmed-roughly",
        what="XADD NOMKSTREAM MAXLEN ~",
        profile=reference("trimmed-roughly", finish="trim"),
        install=together(by(ack), finishing.roughly_bounded),
        fast=True,
    ),
    Variation(
        name="batches",
        what="what was sent within 100 ms is acknowledged with one XACK of many ids",
        profile=reference("batches"),
        install=together(by(ack, delete), finishing.first(0.1)),
    ),
    Variation(
        name="in-a-transaction",
        what="XACK and XDEL inside MULTI and EXEC",
        profile=reference("in-a-transaction"),
        install=by(finishing.transaction),
        fast=True,
    ),
    Variation(
        name="in-a-script",
        what="XACK and XDEL in a Lua script",
        profile=reference("in-a-script"),
        install=by(finishing.script),
        doubts=(unknown("EVAL was sent"),),
        proven=("sync-processing-disabled", "webhooks", "queue-operations"),
    ),
    Variation(
        name="finished-late",
        what="the entry is finished 300 ms after the row says sent",
        profile=reference("finished-late"),
        install=worker_seams.slow_finish(0.3),
    ),
)

PUBLISHING = (
    Variation(
        name="outbox-only",
        what="the API never appends while it is asked: its relay does, 30 ms later",
        profile=reference("outbox-only"),
        install=api_seams.outbox_only,
        doubts=(unknown(ORDER, "asynchronous"),),
        quick=True,
    ),
    Variation(
        name="relay-beside-the-worker",
        what="a relay process appends; the worker's parent starts it",
        profile=reference(
            "relay-beside-the-worker",
            worker=beside("relay-beside-the-worker", "worker", "tests.quality.right.relay"),
        ),
        install=api_seams.relayed_elsewhere,
        # a hold of the worker reaches its relay, and a gate of the API meets nobody who appends
        doubts=(
            unknown("the gate was never reached: it is not the API", "asynchronous"),
            unknown("the gate of the api was never met", "message-queued"),
            unknown("while held", "queue-operations", "asynchronous"),
            unknown("while the worker is held: what puts it there may be held with it", "asynchronous"),
        ),
        proven=tuple(check for check in CHECKS if check != "queue-operations"),
    ),
    Variation(
        name="relay-beside-the-api",
        what="a relay process appends; the API's parent starts it",
        profile=reference(
            "relay-beside-the-api", api=beside("relay-beside-the-api", "api", "tests.quality.right.relay")
        ),
        install=api_seams.relayed_elsewhere,
        doubts=(unknown(ORDER, "asynchronous"),),
    ),
    Variation(
        name="slow-publish",
        what="300 ms lie between the API's commit and its XADD",
        profile=reference("slow-publish"),
        install=api_seams.slow_publish(0.3),
    ),
    Variation(
        name="impatient-publisher",
        what="the API gives Redis 100 ms, then leaves the entry to its relay: at least once, never lost",
        profile=reference("impatient-publisher", "[env]", 'REDIS_PUBLISH_TIMEOUT_S = "0.1"'),
        install=in_worker(worker_seams.slow_work(0.3)),
        doubts=(unknown(ORDER, "asynchronous"),),
    ),
    Variation(
        name="slow-answer",
        what="the API answers 300 ms after it has appended",
        profile=reference("slow-answer"),
        install=api_seams.slow_answer(0.3),
    ),
    Variation(
        name="published-in-a-transaction",
        what="XADD inside MULTI and EXEC",
        profile=reference("published-in-a-transaction"),
        install=api_seams.published_in_a_transaction,
        fast=True,
    ),
    Variation(
        name="ids-of-its-own",
        what="the API gives its entries ids of its own",
        profile=reference("ids-of-its-own"),
        install=finishing.with_ids_of_its_own,
        fast=True,
    ),
    Variation(
        name="bytes-in-entries",
        what="entries have more fields, with bytes that are no text",
        profile=reference("bytes-in-entries"),
        install=finishing.with_bytes,
        fast=True,
    ),
    Variation(
        name="stored-later",
        what="webhooks are answered 200 first; rows and the effects of reports come 30 ms later",
        profile=reference("stored-later"),
        install=api_seams.stored_later,
        fast=True,
        quick=True,
    ),
)

WORKING = (
    Variation(
        name="slow-worker",
        what="300 ms pass before each provider call",
        profile=reference("slow-worker"),
        install=worker_seams.slow_work(0.3),
    ),
    Variation(
        name="slow-database",
        what="each change of a row takes 20 ms",
        profile=reference("slow-database"),
        install=database_seams.slow_rows(0.02),
    ),
    Variation(
        name="slow-providers",
        what="each provider call takes 100 ms longer",
        profile=reference("slow-providers"),
        options=("--provider-latency", "0.1"),
        quick=True,
    ),
    Variation(
        name="retried-in-place",
        what="a passing error is tried again within the delivery",
        profile=reference("retried-in-place"),
        install=worker_seams.in_place,
        fast=True,
    ),
    Variation(
        name="retried-from-the-pending-list",
        what="a passing error leaves the entry pending; it is claimed when it has idled",
        profile=reference("retried-from-the-pending-list", worker_env='WORKER_CLAIM_IDLE_MS = "400"'),
        install=worker_seams.left_pending,
    ),
    Variation(
        name="written-twice",
        what="statuses are written again without a change",
        profile=reference("written-twice"),
        install=worker_seams.written_twice,
        fast=True,
    ),
    Variation(
        name="id-in-a-second-statement",
        what="the row says sent first, and the provider's id 10 ms later",
        profile=reference("id-in-a-second-statement"),
        install=worker_seams.id_in_a_second_statement,
        fast=True,
    ),
    Variation(
        name="looks-now-and-then",
        what="the worker doesn't block on its streams; it looks every 50 ms",
        profile=reference("looks-now-and-then"),
        install=worker_seams.looks_now_and_then(0.05),
        fast=True,
    ),
    Variation(
        name="third-protocol",
        what="API and worker speak RESP3",
        profile=reference("third-protocol"),
        install=worker_seams.third_protocol,
        fast=True,
    ),
)

PROCESSES = (
    Variation(
        name="under-a-shell",
        what="the worker's parent is a shell that waits for it and passes no signal on",
        profile=reference(
            "under-a-shell",
            worker='["sh", "-c", "{python} -m tests.quality.right.process under-a-shell worker; exit $?"]',
        ),
        fast=True,
    ),
    Variation(
        name="under-a-supervisor",
        what="the worker's parent passes SIGTERM on, and starts it again when it has ended by itself",
        profile=reference("under-a-supervisor", worker=beside("under-a-supervisor", "worker", "--again")),
        quick=True,
    ),
    Variation(
        name="renewed-workers",
        what="a worker ends after 15 messages, and its parent starts the next",
        profile=reference("renewed-workers", worker=beside("renewed-workers", "worker", "--again")),
        install=in_worker(worker_seams.renewed),
    ),
    Variation(
        name="leaving-consumers",
        what="a worker that ends takes its consumer out of the group",
        profile=reference("leaving-consumers", count=2),
        install=worker_seams.leaves_the_group,
        fast=True,
    ),
    Variation(
        name="slow-start",
        what="a worker reads nothing for a second after it has started",
        profile=reference("slow-start"),
        install=worker_seams.slow_start(1.0),
    ),
    Variation(
        name="all-in-one",
        what="one command starts API and worker, and the profile knows no process of the worker",
        profile=reference(
            "all-in-one",
            api=beside("all-in-one", "api", "tests.quality.right.process all-in-one worker"),
            names_worker=False,
        ),
        doubts=(unknown("[processes.worker]"),),
        proven=("message-queued", "webhooks", "whole-record"),
    ),
    Variation(name="three-workers", what="three workers", profile=reference("three-workers", count=3), fast=True),
    Variation(
        name="workers-with-names-of-their-own",
        what="two workers whose consumers have names that the deployment didn't give",
        profile=reference("workers-with-names-of-their-own", count=2, worker_env='WORKER_CLAIM_IDLE_MS = "600"'),
        install=in_worker(worker_seams.named_by_itself),
    ),
    Variation(
        name="one-at-a-time",
        what="the worker takes one entry at a time",
        profile=reference("one-at-a-time", worker_env='WORKER_CONCURRENCY = "1", WORKER_BATCH = "1"'),
        fast=True,
    ),
    Variation(
        name="effectively-once",
        what="two workers of a stack that lets no duplicate pass, and claims no redelivery",
        profile=reference("effectively-once", "[policy]", 'delivery = "effectively-once"', count=2, redelivery=False),
        doubts=(not_asked("the profile claims no redelivery", "worker-processed"),),
        fast=True,
    ),
)


REFERENCE = (*FINISHING, *PUBLISHING, *WORKING, *PROCESSES)
