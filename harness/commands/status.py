"""What a running stack and this machine look like, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from harness.commands.doctor import Finding
from harness.reports.console import terminal


def show(status: Mapping[str, Any]) -> None:
    """Prints the processes and streams of a stack that is up."""
    console = terminal()
    processes = Table(show_edge=False, pad_edge=False)
    for name in ("process", "role", "pid", "state"):
        processes.add_column(name)
    for member in status["members"]:
        processes.add_row(member["name"], member["role"], str(member["pid"]), "held" if member["held"] else "running")
    console.print(processes)
    streams = Table(show_edge=False, pad_edge=False)
    streams.add_column("stream")
    for name in ("length", "pending", "lag", "consumers"):
        streams.add_column(name, justify="right")
    for row in status["streams"]:
        streams.add_row(row["stream"], *(shown(row.get(name)) for name in ("length", "pending", "lag", "consumers")))
    console.print()
    console.print(streams)
    console.print(f"\n{status['events']} events recorded")


def shown(value: object) -> str:
    return "?" if value is None else str(value)


def show_findings(findings: Sequence[Finding]) -> None:
    """Prints what `harness doctor` found."""
    table = Table(show_edge=False, pad_edge=False)
    for name in ("what", "", "seen", "what to do"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        mark = Text("ok", "green") if finding.good else Text("missing", "bold red" if finding.needed else "yellow")
        table.add_row(finding.name, mark, finding.seen, "" if finding.good else finding.advice)
    terminal().print(table)
