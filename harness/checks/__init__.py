"""One question a file, each a pure function from a history (or a flow of it) to a verdict."""

from harness.checks.accounting import Account, account, accounting
from harness.checks.api_promises import (
    conflict_refused,
    none_shown,
    one_of_many,
    stored_before_answer,
    taken,
    wrong_refused,
)
from harness.checks.api_views import (
    in_order,
    listed_once,
    none_left_out,
    shown_as_stored,
    shown_at_once,
    times_are_so,
)
from harness.checks.as_sent import arrives_as_sent, kept_as_received, shown_as_sent
from harness.checks.asynchronous import proof_by_actors, proof_by_hold, proof_by_order
from harness.checks.crash_points import crash_points, outlives
from harness.checks.delivery_reports import failure_explained, report_moved, reports_applied, stranger_ignored
from harness.checks.entry_life import in_one_hand, made_again, poison_disposed, taken_up
from harness.checks.lifecycle import forward_only, sent_is_earned
from harness.checks.message_queued import message_queued, one_message
from harness.checks.outages import outages
from harness.checks.provider_failures import given_up, others_go_on, refused_and_told, tried_again, waited_for
from harness.checks.queue_operations import queue_operations
from harness.checks.sync_processing_disabled import sync_processing_disabled
from harness.checks.verdict import Outcome, Verdict, failed, passed, unknown, worst
from harness.checks.webhooks import at_once, bad_signature_refused, one_conversation, stored_once
from harness.checks.whole_record import load_account, whole_record
from harness.checks.worker_processed import each_is_sent, refused_for_good, worker_processed

__all__ = [
    "Account",
    "Outcome",
    "Verdict",
    "account",
    "accounting",
    "arrives_as_sent",
    "at_once",
    "bad_signature_refused",
    "conflict_refused",
    "crash_points",
    "each_is_sent",
    "failed",
    "failure_explained",
    "forward_only",
    "given_up",
    "in_one_hand",
    "in_order",
    "kept_as_received",
    "listed_once",
    "load_account",
    "made_again",
    "message_queued",
    "none_left_out",
    "none_shown",
    "one_conversation",
    "one_message",
    "one_of_many",
    "others_go_on",
    "outages",
    "outlives",
    "passed",
    "poison_disposed",
    "proof_by_actors",
    "proof_by_hold",
    "proof_by_order",
    "queue_operations",
    "refused_and_told",
    "refused_for_good",
    "report_moved",
    "reports_applied",
    "sent_is_earned",
    "shown_as_sent",
    "shown_as_stored",
    "shown_at_once",
    "stored_before_answer",
    "stored_once",
    "stranger_ignored",
    "sync_processing_disabled",
    "taken",
    "taken_up",
    "times_are_so",
    "tried_again",
    "unknown",
    "waited_for",
    "whole_record",
    "worker_processed",
    "worst",
    "wrong_refused",
]
