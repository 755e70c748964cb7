"""A load run's result on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from harness.reports.console import STYLES

SHOWN = 20
MEANING: Final[Mapping[str, str]] = {
    "generator": "due, and not started by the generator itself",
    "users": "due, and every user waited for the stack",
    "api": "started, and not queued, or not answered where no queue is seen",
    "queue": "queued, and no call of a provider begun",
    "provider": "in calls of the provider, and in waits that it asked for",
    "worker": "between its calls, and from the last of them to the row that says so",
}
"""By whom a message's time was spent, in the order in which they have it."""


def summary(result: dict[str, Any]) -> Iterator[RenderableType]:
    """Stages, account and verdicts, in that order."""
    yield ""
    yield stages(result)
    yield ""
    yield account(result)
    for verdict in result["verdicts"]:
        text = Text(f"{verdict['verdict'].upper():<8}", style=STYLES[verdict["verdict"]])
        remedy = f"; to know: {verdict['remedy']}" if verdict.get("remedy") else ""
        yield text.append(f"{verdict['name']}: {verdict['reason']}{remedy}", style="default")
    for fate in ("lost", "unexpected", "unfinished"):
        if names := result[fate]:
            yield Text(f"{fate}:", style="bold")
            yield from (Text(f"  {name}") for name in names[:SHOWN])
            if len(names) > SHOWN:
                yield Text(f"  and {len(names) - SHOWN} more in result.json")
    yield from blamed(result)
    yield from (Text(line) for line in asides(result))
    rates = result["rates"]
    yield Text(
        f"sustained {rates['sustained']:g} messages/s sent (busiest second {rates['peak']:g}); "
        f"intended {rates['intended']:g}/s, started {rates['started']:g}/s; drained in {result['drained_s']:.1f} s"
    )


def blamed(result: dict[str, Any]) -> Iterator[RenderableType]:
    """Where the messages' time went, and who was at a limit, where anything was asked that isn't plainly so."""
    if result["verdict"] == "pass" and not result["named"]:
        return
    yield Text(where(result))
    for one in result["named"]:
        yield Text.assemble((f"{one['party']}: ", "bold"), one["why"])


def where(result: dict[str, Any]) -> str:
    """The parts of the messages' time, the greatest first, in a line."""
    parts = sorted(result["where"].items(), key=lambda item: -item[1]["share"])
    told = ", ".join(f"{name} {one['share']:.0f} % (p99 {one['p99']:.0f} ms)" for name, one in parts if one["share"])
    return f"where the time went: {told or 'not known'}"


def asides(result: dict[str, Any]) -> Iterator[str]:
    """What isn't in the account, a line each: refusals, a rate limiter, and what the run can't know."""
    for what, count in result["not_accepted"].items():
        said = result["not_accepted_such_as"].get(what)
        yield f"not accepted, {what}: {count}{f', such as: {said}' if said else ''}"
    for kind, count in result["put_off"].items():
        told = f"put off, {kind}: {count} answered 429, by a rate limiter: neither lost nor an error"
        yield f"{told}{slower(result, kind)}"
    for one in result["unknown"]:
        remedy = f"; to know: {one['remedy']}" if one["remedy"] else ""
        yield f"not known for sure, {one['what']}: {one['why']}{remedy}"


def slower(result: dict[str, Any], kind: str) -> str:
    """What keeps a load below a rate limiter, by what it let through."""
    rate = result["stages"].get(f"{kind}: accepted", {}).get("count", 0) / result["plan"]["duration"]
    return f"; it let {rate:.2g} a second through, and a [pace] per_second below that spares it" if rate else ""


def stages(result: dict[str, Any]) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("from the intended start", no_wrap=True)
    columns = ("count", "p50", "p90", "p99", "p99.9", "max")
    for column in columns:
        table.add_column(column if column == "count" else f"{column} ms", justify="right", no_wrap=True)
    for name, numbers in result["stages"].items():
        table.add_row(name, *(f"{numbers[c]:.0f}" if c == "count" else f"{numbers[c]:.1f}" for c in columns))
    return table


def account(result: dict[str, Any]) -> Table:
    """Accepted on one side, what became of it on the other."""
    counts = result["account"]
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    names = [
        name for name in counts if counts[name] or name in ("attempted", "accepted", "sent", "failed", "dead", "lost")
    ]
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(
        *(Text(str(counts[name]), style="bold red" if name == "lost" and counts[name] else "") for name in names)
    )
    return table
