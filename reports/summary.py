"""The results as Markdown, for the summary page of a GitHub Actions job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.checks.verdict import Outcome, worst
from harness.results import Results
from reports.console import MOST_STORIES, evidence

SIGNS: dict[Outcome, str] = {"pass": "✅", "fail": "❌", "unknown": "⚠️"}


def markdown(results: Results) -> str:
    """A table by check, and the first stories of what did not pass."""
    if results.unusable:
        return f"## ❌ The stack can't be verified\n\n{cell(results.unusable)}\n"
    good = sum(item.outcome == "pass" for item in results.items)
    lines = [f"## {SIGNS[results.verdict]} Messaging verification: {results.verdict}", ""]
    lines += [f"{good} of {len(results.items)} scenarios passed.", ""]
    lines += ["| check | verdict | scenarios | evidence | time |", "|---|---|---:|---|---:|"]
    for check, items in results.by_check().items():
        outcome = worst([item.outcome for item in items])
        passed = sum(item.outcome == "pass" for item in items)
        seconds = sum(item.elapsed_s for item in items)
        said = cell(evidence(items, outcome).plain)
        count = f"{passed}/{len(items)}"
        lines.append(f"| {cell(check)} | {SIGNS[outcome]} {outcome} | {count} | {said} | {seconds:.2f} s |")
    bad = sorted((item for item in results.items if item.outcome != "pass"), key=lambda item: item.outcome != "fail")
    for item in bad[:MOST_STORIES]:
        lines += ["", f"<details><summary>{item.outcome}: {cell(item.scenario)}</summary>", ""]
        lines += ["~~~~text", item.story.replace("~~~~", "~~~"), "~~~~", "", "</details>"]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Text that can't break out of a table's cell."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def write(build: Path, results: Results, variables: Mapping[str, str]) -> None:
    """Writes summary.md, and adds it to the job's own summary where there is one."""
    text = markdown(results)
    (build / "summary.md").write_text(text, encoding="utf-8")
    shown = variables.get("GITHUB_STEP_SUMMARY")
    if shown:
        with Path(shown).open("a", encoding="utf-8") as file:
            file.write(text)
