"""Who kept a load from what was asked: named from where its messages' time went and who was at a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from harness.load.judge import Punctuality
from harness.load.limits import MACHINE_FULL, STRANGERS, Limits
from harness.load.parts import Spent

Party = Literal["generator", "machine", "api", "worker", "provider", "postgres"]
MOST_OF_IT: Final = 0.5
"""The share of a message's time from which on one part is where it went."""
WAITED: Final = 45.0
"""Percent of a core below which a process mostly waited for others."""
OFTEN: Final = 0.05
"""The share of calls from which on a provider's 429 are its limit."""


@dataclass(frozen=True, slots=True)
class Blamed:
    """One party, and what shows it."""

    party: Party
    why: str


def blamed(on_time: Punctuality, spent: Spent, limits: Limits, *, share: float, slow: bool) -> list[Blamed]:
    """Who stood between a load and what was asked of it, the generator first; `share` is what may be late of it.

    The generator is named where it was late itself. Where the stack was too `slow`, the part of it is named where most
    of the messages' time went, and the machine where others took much of it, or where it was full and no part of the
    stack stands out.
    """
    found = []
    if on_time.own_drops or on_time.late > share * max(1, on_time.scheduled):
        found.append(Blamed("generator", generator(on_time, limits)))
    part = of_the_stack(spent, limits) if slow else None
    if limits.strangers >= STRANGERS:
        why = f"others on this machine took {limits.strangers:.0f} % of its {limits.cores} cores"
        found.append(Blamed("machine", why))
    elif part is None and limits.busy >= MACHINE_FULL:
        found.append(Blamed("machine", f"its {limits.cores} cores were {limits.busy:.0f} % busy with this run"))
    return [*found, *([part] if part else [])]


def generator(on_time: Punctuality, limits: Limits) -> str:
    cpu = limits.processes.get("generator", 0.0)
    return (
        f"{on_time.late} of its starts were late and {on_time.own_drops} never made while it had users to spare, "
        f"or no processor to run on; it had {cpu:.0f} % of a core"
    )


def of_the_stack(spent: Spent, limits: Limits) -> Blamed | None:
    """The part of the stack where most of the time went."""
    if not spent.messages:
        return None
    stack = {name: spent.share(name) for name in ("api", "queue", "provider", "worker")}
    stack["api"] += spent.share("users")  # they waited for its answers
    whole = sum(stack.values())
    if not whole:
        return None
    behind = stack["queue"] + stack["provider"] + stack["worker"]
    if stack["api"] / whole >= MOST_OF_IT:
        return Blamed(
            "api", f"{percent(stack['api'])} of the messages' time was spent until it answered{at(limits, 'api')}"
        )
    if behind / whole < MOST_OF_IT:
        return None
    return Blamed(*who_works(spent, limits, behind))


def who_works(spent: Spent, limits: Limits, behind: float) -> tuple[Party, str]:
    """What the worker waited for, where messages waited for the worker."""
    each = spent.call_seconds / spent.calls if spent.calls else 0.0
    if spent.calls and spent.limited > OFTEN * spent.calls:
        return "provider", f"it answered {spent.limited} of {spent.calls} calls 429: come again later"
    own, calls = spent.totals["worker"], spent.totals["provider"]
    where = f"{percent(behind)} of the messages' time was spent behind the API"
    if not busy(limits, "worker") and calls > own:
        return "provider", f"{where}, and a call of it took {each * 1000:.0f} ms, {spent.in_flight:.1f} at a time"
    lock = limits.waits.get("Lock", 0.0)
    if not busy(limits, "worker") and lock >= 1:
        return "postgres", f"{where}, and {lock:.1f} of its backends waited for a lock"
    return "worker", f"{where}{at(limits, 'worker')}"


def busy(limits: Limits, role: str) -> bool:
    return any(name.startswith(role) for name in limits.full)


def at(limits: Limits, role: str) -> str:
    """How much of a core the processes of a role had."""
    shares = [cpu for name, cpu in limits.processes.items() if name.startswith(role)]
    if not shares:
        return ""
    return f", with {max(shares):.0f} % of a core{', so it mostly waited' if max(shares) < WAITED else ''}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
