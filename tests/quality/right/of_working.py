"""Right variations of what the reference stack's workers do, how many they are, and who starts them."""

from __future__ import annotations

from tests.quality.right import database_seams, worker_seams
from tests.quality.right.pace import in_worker
from tests.quality.right.profiles import beside, ours
from tests.quality.right.variation import not_asked, unknown

WORKING = (
    ours(
        "slow-worker",
        "300 ms pass before each provider call",
        install=worker_seams.slow_work(0.3),
    ),
    ours(
        "slow-database",
        "each change of a row takes 20 ms",
        install=database_seams.slow_rows(0.02),
    ),
    ours(
        "slow-providers",
        "each provider call takes 100 ms longer",
        options=("--provider-latency", "0.1"),
        quick=True,
    ),
    ours(
        "retried-in-place",
        "a passing error is tried again within the delivery",
        install=worker_seams.in_place,
        fast=True,
    ),
    ours(
        "retried-from-the-pending-list",
        "a passing error leaves the entry pending; it is claimed when it has idled",
        install=worker_seams.left_pending,
        stack={"worker_env": 'WORKER_CLAIM_IDLE_MS = "400"'},
    ),
    ours(
        "written-twice",
        "statuses are written again without a change",
        install=worker_seams.written_twice,
        fast=True,
    ),
    ours(
        "id-in-a-second-statement",
        "the row says sent first, and the provider's id 10 ms later",
        install=worker_seams.id_in_a_second_statement,
        fast=True,
    ),
    ours(
        "looks-now-and-then",
        "the worker doesn't block on its streams; it looks every 50 ms",
        install=worker_seams.looks_now_and_then(0.05),
        fast=True,
    ),
    ours(
        "third-protocol",
        "API and worker speak RESP3",
        install=worker_seams.third_protocol,
        fast=True,
    ),
)

PROCESSES = (
    ours(
        "under-a-shell",
        "the worker's parent is a shell that waits for it and passes no signal on",
        fast=True,
        stack={"worker": '["sh", "-c", "{python} -m tests.quality.right.process under-a-shell worker; exit $?"]'},
    ),
    ours(
        "under-a-supervisor",
        "the worker's parent passes SIGTERM on, and starts it again when it has ended by itself",
        quick=True,
        stack={"worker": beside("under-a-supervisor", "worker", "--again")},
    ),
    ours(
        "renewed-workers",
        "a worker ends after 15 messages, and its parent starts the next",
        install=in_worker(worker_seams.renewed),
        stack={"worker": beside("renewed-workers", "worker", "--again")},
    ),
    ours(
        "leaving-consumers",
        "a worker that ends takes its consumer out of the group",
        install=worker_seams.leaves_the_group,
        fast=True,
        stack={"count": 2},
    ),
    ours(
        "slow-start",
        "a worker reads nothing for a second after it has started",
        install=worker_seams.slow_start(1.0),
    ),
    ours(
        "all-in-one",
        "one command starts API and worker, and the profile knows no process of the worker",
        doubts=(unknown("[processes.worker]"),),
        proven=("message-queued", "webhooks", "whole-record"),
        stack={
            "api": beside("all-in-one", "api", "tests.quality.right.process all-in-one worker"),
            "names_worker": False,
        },
    ),
    ours(
        "three-workers",
        "three workers",
        fast=True,
        stack={"count": 3},
    ),
    ours(
        "workers-with-names-of-their-own",
        "two workers whose consumers have names that the deployment didn't give",
        install=in_worker(worker_seams.named_by_itself),
        stack={"count": 2, "worker_env": 'WORKER_CLAIM_IDLE_MS = "600"'},
    ),
    ours(
        "one-at-a-time",
        "the worker takes one entry at a time",
        fast=True,
        stack={"worker_env": 'WORKER_CONCURRENCY = "1", WORKER_BATCH = "1"'},
    ),
    ours(
        "effectively-once",
        "two workers of a stack that lets no duplicate pass, and claims no redelivery",
        "[policy]",
        'delivery = "effectively-once"',
        doubts=(not_asked("the profile claims no redelivery", "worker-processed", "entry-life"),),
        fast=True,
        stack={"count": 2, "redelivery": False},
    ),
)
