"""Right variations whose queue is no stream: lists, a sorted set, scripts, a channel; and wrong ones among them."""

from __future__ import annotations

from tests.quality.right.of_small import CLAIMED, PROVEN, small
from tests.quality.right.variation import Doubt, Variation, not_asked, unknown

NO_ACK = unknown("nothing is ever acknowledged", "asynchronous")
NOT_REDELIVERED = not_asked("the profile claims no redelivery")
UNGATED = unknown("nothing that this queue is told can be withheld for that")
POP = 'finish = "pop"'


def placed(name: str, place: str, *queue: str, kind: str = "list", redelivery: bool = True, **env: str) -> str:
    """The profile of the small stack over another queue; `queue` are lines of its [queue]."""
    text = small(name, finish=None, redelivery=redelivery, PLACE=place, **env)
    text = text.replace("tests.quality.right.small", "tests.quality.right.placed")
    before, rest = text.split("[queue]\n")
    _, behind = rest.split("[database]")
    names = [] if kind == "none" else ['keys = { sms = "texts" }', 'message_id = "no"']
    lines = [f'kind = "{kind}"', *names, *queue]
    return before + "[queue]\n" + "\n".join(lines) + "\n\n[database]" + behind


def variation(name: str, what: str, profile: str, *doubts: Doubt, **more: object) -> Variation:
    proven = tuple(more.pop("proven", PROVEN))  # type: ignore[call-overload] - reason: a tuple of names
    return Variation(
        name=name, what=what, profile=profile, doubts=(*CLAIMED, *doubts), proven=proven, fast=True, **more
    )


PLACED = (
    variation(
        "placed-moved",
        "a list; what is worked on stands on a list of its worker's (BLMOVE, LREM)",
        placed("placed-moved", "moved", 'taken = "working:*"'),
        quick=True,
    ),
    variation(
        "placed-popped",
        "a list, BRPOP and nothing more: what a dead worker had is lost, and nobody claims otherwise",
        placed("placed-popped", "popped", POP, redelivery=False),
        NO_ACK,
        NOT_REDELIVERED,
    ),
    variation(
        "placed-pointed",
        "a list of numbers; a hash has what each means",
        placed("placed-pointed", "pointed", POP, 'payload = "text:{entry}"', 'field = "job"', redelivery=False),
        NO_ACK,
        NOT_REDELIVERED,
    ),
    variation(
        "placed-sorted",
        "a sorted set (BZPOPMIN), and a hash of what is taken",
        placed("placed-sorted", "sorted", 'taken = "working:*"', 'finish = "ack"', kind="sorted-set"),
    ),
    variation(
        "placed-scripted",
        "a list and a set, by scripts alone",
        placed("placed-scripted", "scripted", 'taken = "working:*"', "scripted = true"),
        UNGATED,
        quick=True,
    ),
    variation(
        "placed-heard",
        "a channel; its worker looks through the rows now and then",
        placed("placed-heard", "heard", kind="pubsub", redelivery=False),
        NO_ACK,
        NOT_REDELIVERED,
        unknown("whether its entry stood on the channel while held can't be said", "queue-operations"),
        proven=tuple(check for check in PROVEN if check != "queue-operations"),
    ),
    variation(
        "placed-elsewhere",
        "the queue isn't in Redis, as far as the profile says: the hold, the row and the call prove what they can",
        placed("placed-elsewhere", "moved", kind="none"),
        unknown('[queue] kind = "none"'),
        UNGATED,
        proven=("sync-processing-disabled", "asynchronous", "worker-processed", "whole-record"),
    ),
    variation(
        "wrong-placed-loses",
        "WRONG: a list, BRPOP; every third text that is taken is never sent",
        placed("wrong-placed-loses", "popped", POP, redelivery=False, DEFECT="loses"),
        wrong="lost",
    ),
    variation(
        "wrong-placed-twice",
        "WRONG: a list; each text is put on it twice",
        placed("wrong-placed-twice", "moved", 'taken = "working:*"', DEFECT="twice"),
        wrong="2 entries were put on the list for one message",
    ),
)
