"""What didn't pass as annotations of a GitHub Actions job: each at its file and line, above the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from harness.reports.rows import bad
from harness.results import Result, Results
from harness.visible import visible

MOST: Final = 10
"""So many of each level does GitHub show of one step; more would hide each other."""


def workflow_commands(results: Results, variables: Mapping[str, str]) -> Iterator[str]:
    """A workflow command a line for each scenario that didn't pass, the worst first; none outside of such a job.

    Source: GitHub's documentation of workflow commands ("Setting an error message").
    """
    if variables.get("GITHUB_ACTIONS") != "true":
        return
    for item in bad(results)[:MOST]:
        yield command(item)
    if results.unusable:
        yield f"::error title=it couldn't be verified::{escaped(results.unusable)}"


def command(item: Result) -> str:
    level = "warning" if item.outcome == "unknown" else "error"
    title = f"{item.outcome} {item.check}: {item.scenario}"
    place = {"file": item.file, "line": str(item.line)} if item.file and not Path(item.file).is_absolute() else {}
    words = ",".join(f"{name}={escaped_property(value)}" for name, value in {**place, "title": title}.items())
    remedy = f"\nto know: {item.remedy}" if item.remedy else ""
    return f"::{level} {words}::{escaped(item.reason + remedy)}"


def escaped(text: str) -> str:
    """Text in which nothing is a command: no line of its own can begin in it."""
    return visible(text).replace("%", "%25").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    return escaped(text).replace(":", "%3A").replace(",", "%2C")
