"""Right variations of how the reference stack's worker finishes an entry."""

from __future__ import annotations

from tests.quality.right import finishing, pace, worker_seams
from tests.quality.right.finishing import ack, by, delete, together
from tests.quality.right.pace import in_worker
from tests.quality.right.profiles import ours
from tests.quality.right.variation import unknown

FINISHING = (
    ours(
        "xack-then-xdel",
        "XACK and XDEL are two round trips",
        install=by(ack, delete),
        fast=True,
        quick=True,
    ),
    ours(
        "xack-then-xdel-5ms",
        "5 ms lie between XACK and XDEL",
        install=by(ack, delete, pause_s=0.005),
        fast=True,
    ),
    ours(
        "xack-then-xdel-50ms",
        "50 ms lie between XACK and XDEL",
        install=by(ack, delete, pause_s=0.05),
        fast=True,
    ),
    ours(
        "shuffled-pauses",
        "up to 50 ms lie before anything that the worker says to Redis or PostgreSQL, XACK and XDEL apart",
        install=in_worker(together(by(ack, delete), lambda: pace.between_commands(pace.shuffled(0.05)))),
        quick=True,
    ),
    ours(
        "shuffled-pauses-of-all",
        "the same of the API too",
        install=together(by(ack, delete), lambda: pace.between_commands(pace.shuffled(0.05))),
    ),
    ours(
        "xdel-then-xack",
        "the entry is deleted first, and acknowledged 20 ms later",
        install=by(delete, ack, pause_s=0.02),
        fast=True,
    ),
    ours(
        "one-by-one",
        "each entry of a batch is acknowledged and deleted by itself",
        install=by(finishing.one_by_one),
        fast=True,
    ),
    ours(
        "acknowledged-only",
        "XACK alone: the stream keeps its entries",
        install=by(ack),
        fast=True,
        quick=True,
        stack={"finish": "ack"},
    ),
    ours(
        "trimmed-by-xadd",
        "XACK alone; the API's XADD bounds the stream by MAXLEN",
        install=together(by(ack), finishing.bounded),
        fast=True,
        stack={"finish": "trim"},
    ),
    ours(
        "trimmed-by-xtrim",
        "XACK, then XTRIM by the worker",
        install=by(ack, finishing.trim),
        fast=True,
        stack={"finish": "trim"},
    ),
    ours(
        "trimmed-by-id",
        "XACK, then XTRIM MINID up to the oldest entry that is pending",
        install=by(ack, finishing.trim_by_id),
        fast=True,
        stack={"finish": "trim"},
    ),
    ours(
        "trimmed-roughly",
        "XADD NOMKSTREAM MAXLEN ~",
        install=together(by(ack), finishing.roughly_bounded),
        fast=True,
        stack={"finish": "trim"},
    ),
    ours(
        "batches",
        "what was sent within 100 ms is acknowledged with one XACK of many ids",
        install=together(by(ack, delete), finishing.first(0.1)),
    ),
    ours(
        "in-a-transaction",
        "XACK and XDEL inside MULTI and EXEC",
        install=by(finishing.transaction),
        fast=True,
    ),
    ours(
        "in-a-script",
        "XACK and XDEL in a Lua script",
        install=by(finishing.script),
        doubts=(unknown("EVAL was sent"),),
        proven=("sync-processing-disabled", "webhooks", "queue-operations"),
    ),
    ours(
        "finished-late",
        "the entry is finished 300 ms after the row says sent",
        install=worker_seams.slow_finish(0.3),
    ),
)
