"""The results as Markdown, for the summary page of a GitHub Actions job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.keeping import keep
from harness.reports.rows import MOST_STORIES, bad, notes, outcome_line, rows
from harness.results import Results, Said
from harness.visible import visible

SIGNS: dict[Said, str] = {
    "pass": "✅",
    "fail": "❌",
    "error": "❌",
    "unknown": "⚠️",
    "xfailed": "➖",
    "skipped": "➖",
    "not asked": "➖",
}


def markdown(results: Results, *, build: Path) -> str:
    """A table by check, and the first stories of what did not pass."""
    if results.unusable and not results.everything:
        return f"## ❌ The stack can't be verified\n\n{cell(results.unusable)}\n"
    lines = [f"## {SIGNS[results.verdict]} Messaging verification: {results.verdict}", ""]
    lines += [f"{cell(outcome_line(results))}.", ""]
    if results.unusable:
        lines += [f"❌ {cell(results.unusable)}", ""]
    lines += ["| check | verdict | scenarios | evidence | time |", "|---|---|---:|---|---:|"]
    for row in rows(results):
        said = f"{SIGNS[row.verdict]} {row.verdict}"
        lines.append(f"| {cell(row.check)} | {said} | {row.count} | {cell(row.evidence)} | {row.seconds:.2f} s |")
    lines += ["", *[f"- {cell(note)}" for note in notes(results)]]
    for item in bad(results)[:MOST_STORIES]:
        lines += ["", f"<details><summary>{item.outcome}: {cell(item.scenario)}</summary>", ""]
        lines += ["~~~~text", item.story.replace("~~~~", "~~~"), "~~~~", "", "</details>"]
    if results.verdict != "pass" and results.everything:
        how = "with the record that this job keeps as an artifact, unpacked or as the .zip that it is"
        lines += ["", f"To judge it again: `harness replay {build}`, or `harness replay PATH` {how}."]
    return "\n".join(lines).rstrip("\n") + "\n"


def cell(text: str) -> str:
    """Text that can't break out of a table's cell."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def write(build: Path, results: Results, variables: Mapping[str, str]) -> None:
    """Writes summary.md, and adds it to the job's own summary where there is one; raises OSError."""
    text = markdown(results, build=build)
    text = visible(text)
    keep(build / "summary.md", text)
    shown = variables.get("GITHUB_STEP_SUMMARY")
    if shown:
        with Path(shown).open("a", encoding="utf-8") as file:
            file.write(text)
