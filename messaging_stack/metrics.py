"""What Prometheus is told. Counters count what this process did."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED = Counter("messages_accepted", "Messages that the API accepted", ["type"])
INBOUND = Counter("messages_inbound", "Inbound messages that were stored", ["type"])
REPORTS = Counter("delivery_reports", "Delivery reports that were received", ["provider"])
OUTCOMES = Counter("messages_delivery_outcomes", "What attempts to deliver came to", ["outcome"])
DEAD = Counter("messages_dead", "Entries that went to the dead letters", ["reason"])
PROVIDER_SECONDS = Histogram(
    "provider_call_seconds", "How long providers took to answer", ["provider"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
IN_HAND = Gauge("worker_entries_in_hand", "Entries that this worker holds right now")
QUEUE_LENGTH = Gauge("queue_length", "Entries on a stream", ["stream"])
QUEUE_PENDING = Gauge("queue_pending", "Entries that were delivered to a worker, and aren't acknowledged", ["stream"])
OUTBOX_DEPTH = Gauge("outbox_depth", "Intents that aren't on a stream yet")
