"""One question a file, each a pure function from a history (or a flow of it) to a verdict."""

from harness.checks.accounting import Account, account, accounting
from harness.checks.asynchronous import proof_by_actors, proof_by_hold, proof_by_order
from harness.checks.delivery_reports import report_moved, reports_applied, stranger_ignored
from harness.checks.lifecycle import forward_only, sent_is_earned
from harness.checks.message_queued import message_queued, one_message
from harness.checks.queue_operations import queue_operations
from harness.checks.sync_processing_disabled import sync_processing_disabled
from harness.checks.verdict import Outcome, Verdict, failed, passed, unknown, worst
from harness.checks.webhooks import at_once, bad_signature_refused, one_conversation, stored_once
from harness.checks.whole_record import load_account, whole_record
from harness.checks.worker_processed import refused_for_good, worker_processed

__all__ = [
    "Account",
    "Outcome",
    "Verdict",
    "account",
    "accounting",
    "at_once",
    "bad_signature_refused",
    "failed",
    "forward_only",
    "load_account",
    "message_queued",
    "one_conversation",
    "one_message",
    "passed",
    "proof_by_actors",
    "proof_by_hold",
    "proof_by_order",
    "queue_operations",
    "refused_for_good",
    "report_moved",
    "reports_applied",
    "sent_is_earned",
    "stored_once",
    "stranger_ignored",
    "sync_processing_disabled",
    "unknown",
    "whole_record",
    "worker_processed",
    "worst",
]
