"""Seeded bad histories: statuses that move back or were not earned, and calls after a refusal for good."""

from __future__ import annotations

from histories import (
    ID,
    START,
    Script,
    is_new,
    made,
    right,
    send,
    started,
)
from judging import (
    GAVE_UP,
    PENDING,
    PROFILE,
    Case,
    blind,
    called_again,
    cases,
    expect,
)

from harness.checks import (
    forward_only,
    refused_for_good,
    sent_is_earned,
)
from harness.profile import Profile


def moves(*names: str, **more: object) -> Script:
    script = started("api", "worker")
    for number, (old, new) in enumerate(zip((None, *names), names, strict=False), start=1):
        kind = "database.inserted" if old is None else "database.status"
        script = script.add(kind, at=number, message_id=ID, sequence=number, old=old, new=new, **more)
    return script


FORWARD: dict[str, Case] = {
    "nothing recorded": (started("api").add("worker.log", at=1, message_id=ID), PROFILE, "unknown", "no status"),
    "sent, then pending": (
        moves("pending", "sent", "pending"),
        PROFILE,
        "fail",
        "moved back: pending → sent → pending",
    ),
    "delivered, then sent": (moves("pending", "sent", "delivered", "sent"), PROFILE, "fail", "moved back"),
    "failed, then sent": (moves("pending", "failed", "sent"), PROFILE, "fail", "moved back"),
    "retries alternate": (moves("pending", "sending", "retry", "sending", "sent"), PROFILE, "pass", "retry → sending"),
    "sent, then failed": (moves("pending", "sent", "failed"), PROFILE, "pass", "sent → failed"),
    "sampled": (moves("pending", "sent", sampled=True), PROFILE, "unknown", "only sampled"),
    "sampled going back": (moves("sent", "pending", sampled=True), PROFILE, "fail", "moved back"),
    "an unknown status": (moves("pending", "weird", "sent"), PROFILE, "unknown", "doesn't say where 'weird' stands"),
    "back across an unknown status": (moves("sent", "weird", "pending"), PROFILE, "fail", "moved back"),
}


@cases(FORWARD)
def test_forward_only(case: Case) -> None:
    expect(forward_only, case)


def clock(script: Script, **measured: float) -> Script:
    """The same, with the clock of the providers measured."""
    return Script([made("clock.measured", at=0, source="provider", **measured), *script.events])


EARNED: dict[str, Case] = {
    "providers not seen": (blind(right()), PROFILE, "unknown", "nothing here shows provider.answered"),
    "another machine's clock, not known well": (
        clock(right(), offset_s=0.05, error_s=0.1).change("database.status", is_new("sent"), provider_id=None),
        PROFILE,
        "unknown",
        "the clocks of database and provider are not known well enough",
    ),
    "another machine's clock, ahead": (
        clock(right().change("provider.answered", at=307), offset_s=0.3, error_s=0.0005),
        PROFILE,
        "pass",
        "accepted",
    ),
    "never sent": (PENDING, PROFILE, "unknown", "never sent (status pending)"),
    "sampled": (right().change("database.status", sampled=True), PROFILE, "unknown", "only sampled"),
    "never accepted": (
        right().change("provider.answered", accepted=False),
        PROFILE,
        "fail",
        "no provider ever accepted",
    ),
    "committed nobody knows when": (
        right()
        .change("provider.answered", at=20)
        .change("database.status", is_new("sent"), until=START + 0.03, provider_id=None),
        PROFILE,
        "unknown",
        "the database doesn't say when that was committed",
    ),
    "committed nobody knows when, and the row has the id that came with the acceptance": (
        right()
        .change("provider.answered", at=20, message="SM1")
        .change("database.status", is_new("sent"), until=START + 0.03, provider_id="SM1"),
        PROFILE,
        "pass",
        "its row had the id that the provider gave it",
    ),
    "the row has another provider's id": (
        right()
        .change("provider.answered", at=20, message="SM1")
        .change("database.status", is_new("sent"), until=START + 0.03, provider_id="SM2"),
        PROFILE,
        "unknown",
        "the database doesn't say when that was committed",
    ),
    "sent before the call": (right().change("provider.answered", at=20), PROFILE, "fail", "`sent` 12.0 ms before"),
}


@cases(EARNED)
def test_sent_is_earned(case: Case) -> None:
    expect(sent_is_earned, case)


NEVER_TOLD = GAVE_UP.drop("database.status", where=is_new("failed"))
PERMANENT: dict[str, Case] = {
    "right": (GAVE_UP, PROFILE, "pass", "1 call, failed, acknowledged"),
    "no worker": (send(started("api")), PROFILE, "fail", "no consumer"),
    "never told so": (NEVER_TOLD, PROFILE, "fail", "the row is sending"),
    "never told so, and may still be": (NEVER_TOLD.soon(), PROFILE, "unknown", "the row is sending"),
    "never told so, and nobody claims it": (NEVER_TOLD, Profile(), "unknown", "the row is sending"),
    "sent all the same": (right(), PROFILE, "fail", "the row is sent"),
    "unfinished": (PENDING, PROFILE, "unknown", "the row is pending"),
    "tried again": (called_again(GAVE_UP), PROFILE, "fail", "it was called 2 times"),
    "not acknowledged": (GAVE_UP.drop("queue.acked").drop("queue.deleted"), PROFILE, "fail", "not acknowledged"),
}


@cases(PERMANENT)
def test_refused_for_good(case: Case) -> None:
    expect(refused_for_good, case)
