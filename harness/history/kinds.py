"""The kinds of events: what each says, which sources tell it, and what its data holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ENTRY: Final = {
    "stream": "the stream's name",
    "id": "the entry's id in Redis",
    "process": "who said it to Redis; absent where the source can't tell",
    "entry": "stream and id in one word",
    "dead": "true for the dead letters' stream",
    "planted": "the token of an entry that the harness has put there itself, and of its dead letter",
}
ROW: Final = {
    "old": "the status before, null for a new row",
    "new": "the status after",
    "by": "the connection's `application_name`; SQLite knows none",
    "direction": "`outbound` or `inbound`, where the table says",
    "said": "the same in the table's own word",
    "provider_id": "the provider's id of the message, once the row has it",
    "sequence": "the trigger's own number of the change",
    "sampled": "true where the status was polled, so that states in between were missed",
    "until": "the latest time that it may have happened, Unix seconds; `at` is the earliest then",
}
JOURNAL: Final = {
    "provider": "`twilio` or `sendgrid`",
    "account": "the account on the mocks",
    "call": "ties an answer to its call",
    "journal": "the entry's number in the mocks' journal",
    "to": "the recipient",
    "from": "the sender",
    "text": "the body",
    "params": "the request as it was sent",
    "message": "the provider's id of the message",
    "error": "the provider's error, or why nothing came",
    "elapsed_ms": "milliseconds from the request to the answer",
}
REQUEST: Final = {
    "operation": "`send`, `message`, `messages`, `conversations`",
    "method": "the HTTP method",
    "path": "the path",
    "request": "ties an answer to its request",
    "channel": "`sms`, `mms`, `email`",
    "to": "the recipient",
    "idempotency_key": "where the scenario gave one",
    "untold": "of a send whose body has no token in it: no call is known by its text",
}
FAULT: Final = {
    "fault": "`hold`, `gate`, `kill`, `terminate`, `provider`, `poison`, `aging`, or an outage: `cut`, `down`…",
    "target": "the role, server or provider that it is about",
    "number": "ties begin, hits and end together",
}
PROCESS: Final = {"process": "its name, such as `worker-1`", "role": "`api` or `worker`", "pid": "its process number"}


def some(of: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: of[name] for name in names}


@dataclass(frozen=True)
class Kind:
    """A kind of event: `meaning` in a few words, the `sources` that tell it, the members of its `data`."""

    meaning: str
    sources: tuple[str, ...]
    data: Mapping[str, str]


ENTRIES: Final = ("queue",)
ROWS: Final = ("database",)
WIRES: Final = ("wire",)
MOCKS: Final = ("providers",)
OURS: Final = ("harness",)
DEPLOYED: Final = ("deploy",)
ANY: Final = ("every source",)

KINDS: Final[Mapping[str, Kind]] = {
    "api.requested": Kind("the harness sent a request to the stack's API", ("api", "load"), REQUEST),
    "api.answered": Kind(
        "the API answered, or the request came to its end without an answer",
        ("api", "load"),
        {
            **REQUEST,
            "status": "the HTTP status; null without an answer",
            "text": "the answer's body",
            "message_status": "the status that the answer names, in the step's first word",
            "shown": "of a look at one message: what it says, as far as `[look] shows` finds it",
            "accepted": "of a send: whether the answer says that the stack took the message",
            "lacks_id": "of a send that was taken: the place where its id was looked for in vain",
            "again_in_s": "of a send that is asked again (429): after how many seconds",
            "redirected": "the path at which the answer was given in the end",
            "elapsed_ms": "milliseconds from the request to the answer",
            "error": "why no answer came",
        },
    ),
    "queue.appended": Kind(
        "an entry was put on a stream", (*ENTRIES, "load"), {**ENTRY, "fields": "the entry's fields"}
    ),
    "queue.claimed": Kind(
        "a process was given an entry",
        ENTRIES,
        {
            **ENTRY,
            "fields": "the entry's fields",
            "group": "the consumer group",
            "consumer": "the consumer's name",
            "how": "by which command",
            "noack": "true where it was read with NOACK",
        },
    ),
    "queue.acked": Kind(
        "an entry was acknowledged",
        ENTRIES,
        {
            **ENTRY,
            "group": "the consumer group",
            "how": "`dropped` where Redis did it itself, `forgotten` where its consumer was deleted with it in hand",
            "counted": "how many Redis says that it was",
            "unanswered": "true where Redis' answer wasn't seen",
        },
    ),
    "queue.deleted": Kind(
        "an entry was deleted, alone or by trimming",
        ENTRIES,
        {
            **ENTRY,
            "how": "`dropped` where Redis dropped it itself",
            "counted": "how many Redis says that it was",
            "unanswered": "true where Redis' answer wasn't seen",
        },
    ),
    "queue.counted": Kind(
        "Redis' own counters, or its look at single entries",
        ("counters",),
        {
            "stream": "the stream's name",
            "length": "entries on it",
            "pending": "delivered and not acknowledged",
            "lag": "not delivered yet",
            "consumers": "of the group",
            "entries": "by id: whether each is present and pending",
        },
    ),
    "database.inserted": Kind("a message's row was inserted", ROWS, ROW),
    "database.status": Kind("a row's status or provider id changed", ROWS, ROW),
    "provider.called": Kind(
        "a provider received a call, before it was checked",
        MOCKS,
        {
            **some(JOURNAL, "provider", "account", "call", "journal", "to", "from", "text", "params"),
            "method": "the HTTP method",
            "path": "the path",
            "endpoint": "the provider's name of it, such as `messages.create`",
            "peer": "address and port of the caller",
            "headers": "without credentials",
        },
    ),
    "provider.answered": Kind(
        "a provider answered a call",
        MOCKS,
        {
            **some(JOURNAL, "provider", "account", "call", "journal", "message", "error", "elapsed_ms"),
            "status": "the HTTP status",
            "outcome": "`answered`, `slow`, `truncated`, `empty`, `reset`, `aborted`",
            "accepted": "whether the provider took the message",
            "retry_after": "how long an error asks to be left alone: seconds, or an HTTP date",
            "wait_s": "the same in seconds from the answer on",
        },
    ),
    "callback.sent": Kind(
        "a provider began to deliver a webhook to the stack",
        MOCKS,
        {
            **some(JOURNAL, "provider", "account", "call", "journal", "to", "from", "text", "params", "message"),
            "url": "where it went",
            "what": "`status`, `inbound`, `event`, `parse`",
            "report": "what a delivery report says, in its provider's word",
            "reports": "what a batch says of the message, in order",
            "at_once": "how many were meant to come together, and did",
        },
    ),
    "callback.answered": Kind(
        "the stack answered a webhook",
        MOCKS,
        {
            **some(JOURNAL, "provider", "account", "call", "journal", "to", "message", "error", "elapsed_ms"),
            "status": "the HTTP status; null without an answer",
            "what": "as of the delivery",
        },
    ),
    "worker.log": Kind(
        "a process of the stack wrote a line",
        ("log",),
        {"process": "its name", "text": "the line", "level": "where the line names one"},
    ),
    "fault.began": Kind(
        "a disturbance of ours began",
        OURS,
        {
            **FAULT,
            "members": "the processes that it reached",
            "pids": "their process numbers, with all that they started",
            "unsure": "those of them whom a command was to hold, and who weren't seen to stop",
            "command": "a gate's Redis command",
            "side": "`command`, `answer`, `delivery`",
            "part": "of a link's outage: to which server it leads",
            "recovers_s": "of an outage: seconds after its end by which a stack is to work as before",
            "mark": "a poison's token, under a name that doesn't look like a secret's",
            "how": "what is wrong with it, in words",
            "stream": "a poison's stream",
            "id": "a poison's id in Redis",
            "entry": "stream and id of a poison, in one word",
            "seconds": "how old an entry was made",
            "*": "a provider's fault: what it was set with",
        },
    ),
    "fault.hit": Kind(
        "something stands before a gate",
        ENTRIES,
        {
            **some(FAULT, "fault", "target"),
            "gate": "the gate's number",
            "statement": "of a statement: itself, with `?` for its values",
        },
    ),
    "statement.done": Kind(
        "PostgreSQL has run a statement of one of the stack's processes; told while a scenario listens",
        WIRES,
        {
            "process": "who asked",
            "statement": "the statement, with `?` for its values",
            "tags": "what PostgreSQL said of it: `INSERT 0 1`",
            "error": "what it said instead",
        },
    ),
    "transaction.ended": Kind(
        "a transaction of one of the stack's processes is over; told while a scenario listens",
        WIRES,
        {
            "process": "whose",
            "how": "`committed`, `rolled back` or `prepared`",
            "statements": "how many statements it had",
        },
    ),
    "fault.left": Kind(
        "who waited at a gate hung up before it opened",
        ENTRIES,
        {**some(FAULT, "fault", "target"), "gate": "the gate's number"},
    ),
    "fault.ended": Kind(
        "a disturbance ended, and everything is as before",
        OURS,
        {
            **FAULT,
            "hits": "how often it was met; 0 makes its scenario unknown",
            "missed": "processes that went on during a hold",
        },
    ),
    "process.started": Kind("a process of the stack was started", DEPLOYED, PROCESS),
    "process.exited": Kind(
        "a process of the stack ended",
        DEPLOYED,
        {**PROCESS, "code": "its exit code, negative for a signal", "expected": "whether the harness ended it"},
    ),
    "part.died": Kind(
        "a part of the run that isn't the stack's own died; ends the run",
        OURS,
        {"part": "Redis, database, mocks, wire or keeper", "reason": "how it ended"},
    ),
    "test.looked": Kind(
        "a test that failed had looked at a message; told when it has failed, with the time of the look",
        OURS,
        {
            "test": "the test",
            "where": "file and line",
            "statement": "what stands there",
            "saw": "the status that the message had",
            "wanted": "what the test looked for, where that can be told",
        },
    ),
    "probe.started": Kind(
        "a source says which kinds it delivers from now on; what none delivers is unseen",
        ANY,
        {
            "kinds": "the kinds",
            "roles": "whose processes it knows",
            "processes": "the role of each, by its kind's name",
            "whole": "whether the stack has no other processes",
            "record": "of the first event: the record's form, who made it, and the profile that its checks read",
        },
    ),
    "probe.gap": Kind(
        "a source missed something, or will go on missing it",
        ANY,
        {
            "reason": "what, and why",
            "kinds": "which kinds of events it hides",
            "lasting": "true where the source never shows them",
            "remedy": "the line of the profile, or the permission, that would show them",
            "*": "what else the source knows of it",
        },
    ),
    "clock.measured": Kind(
        "how far a source's clock is from the harness's own",
        ("database", "providers", "queue"),
        {
            "offset_s": "seconds that it is ahead",
            "error_s": "how sure that is",
            "here": "whether it is this machine's clock",
        },
    ),
}
"""Every kind that a history takes."""
