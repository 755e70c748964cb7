"""The example stacks, the mistakes that each can make, and what must be said of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

ASKED_AT_LEAST: Final = 12
"""Scenarios that an example must be asked, and answer."""
ANSWERED_BY: Final = {
    "retries": "test_what_passes_is_tried_again",
    "redelivery": "test_a_worker_killed_",
    "several_workers": "test_two_workers_share_the_work",
}
"""How the scenarios begin in which a claim is answered."""


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A mistake that a setting switches on: `caught_by` is the check that must fail, `because` words of its reason."""

    name: str
    what: str
    caught_by: str
    because: str
    ask: str
    """The scenarios that show it, as pytest's `-k` takes them: enough of them when time is short."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A stack in a folder of `examples/`; `setting` is the environment variable that switches its mistakes on."""

    name: str
    kind: Literal["python", "node"]
    setting: str
    defects: tuple[Defect, ...] = field(default=())


HELD: Final = "a provider was called while every worker was held"
INLINE: Final = "test_the_api_accepts_while_no_worker_runs"
KILLED: Final = "test_a_worker_killed_during_its_call"
ONCE: Final = "test_a_message_is_sent_once"

EXAMPLES: Final = {
    example.name: example
    for example in (
        Example(
            name="celery-fastapi",
            kind="python",
            setting="NOTIFY_DEFECT",
            defects=(
                Defect(
                    name="eager",
                    what="sends inline: a setting for tests was left on",
                    caught_by="sync-processing-disabled",
                    because=HELD,
                    ask=INLINE,
                ),
                Defect(
                    name="early-ack",
                    what="loses what a killed worker had: acknowledged before it is done",
                    caught_by="worker-processed",
                    because="its entry was acknowledged before the provider accepted",
                    ask=ONCE,
                ),
                Defect(
                    name="date-sent",
                    what="sends twice: fails after the send, and is tried again",
                    caught_by="worker-processed",
                    because="calls were accepted for one message",
                    ask=ONCE,
                ),
            ),
        ),
        Example(
            name="node-streams",
            kind="node",
            setting="TEXTS_DEFECT",
            defects=(
                Defect(
                    name="inline",
                    what="sends inline: the API does it itself, and queues it too",
                    caught_by="sync-processing-disabled",
                    because=HELD,
                    ask=INLINE,
                ),
                Defect(
                    name="noack",
                    what="loses what a killed worker had: read so that nobody remembers who has it",
                    caught_by="worker-processed",
                    because="the row stays waiting",
                    ask=KILLED,
                ),
                Defect(
                    name="no-break",
                    what="sends twice: the loop of tries goes on after a success",
                    caught_by="worker-processed",
                    because="calls were accepted for one message",
                    ask=ONCE,
                ),
            ),
        ),
        Example(
            name="rq-sqlite",
            kind="python",
            setting="POSTBOX_DEFECT",
            defects=(
                Defect(
                    name="not-async",
                    what="sends inline: a setting for tests was left on",
                    caught_by="sync-processing-disabled",
                    because=HELD,
                    ask=INLINE,
                ),
                Defect(
                    name="no-retry",
                    what="loses what a killed worker had: an abandoned job isn't tried again",
                    caught_by="worker-processed",
                    because="it failed after 1 calls",
                    ask=KILLED,
                ),
                Defect(
                    name="expects-200",
                    what="sends twice: takes 202 for an error, and is tried again",
                    caught_by="worker-processed",
                    because="calls were accepted for one message",
                    ask=ONCE,
                ),
            ),
        ),
    )
}
