"""`harness report`: Allure's report of the last verification."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands import options


@click.command()
@options.build("build/verify", "Where the verification left its results.")
@click.option("--output", type=options.FILE, metavar="DIR", help="Where the report goes.")
def report(build: Path, output: Path | None) -> None:
    """Builds the HTML report of the last verification (Allure 3), with the history of earlier ones."""
    from harness.reports.html import build as build_report

    root = build.parent
    history = root / "allure-history.jsonl"
    page = build_report(root / "allure-results", output=output or root / "allure-report", history=history)
    print(f"wrote {page}; look at it with `python3 -m http.server --bind 127.0.0.1 --directory {page.parent}`")
