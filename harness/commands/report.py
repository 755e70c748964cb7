"""`harness report`: Allure's report of the last verification, or one page of all messages of a record."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands import options
from harness.errors import UsageError


@click.command()
@options.build("build/verify", "Where the verification left its results.")
@click.option("--output", type=options.FILE, metavar="PATH", help="Where the report goes: a directory, or the page.")
@click.option("--page", is_flag=True, help="Instead, one file that holds all messages of a record in one timeline.")
@click.option(
    "--from",
    "source",
    type=options.FILE,
    metavar="PATH",
    help="--page: another record: a directory, a history.jsonl, or a .zip as CI keeps it.",
)
@click.option("--most", type=click.IntRange(min=1), metavar="N", help="--page: events at most; by default 200000.")
def report(build: Path, output: Path | None, page: bool, source: Path | None, most: int | None) -> None:
    """Builds the HTML report of the last verification (Allure 3), with the history of earlier ones."""
    root = build.parent
    if page:
        from harness.reports.run_page import MOST, write

        file = output or root / "page.html"
        print(f"wrote {file}: {write(file, source or build, most=most or MOST)}")
        return
    if alone := [name for name, value in {"--from": source, "--most": most}.items() if value is not None]:
        raise UsageError(f"{', '.join(alone)}: only of the page; add --page")
    from harness.reports.html import build as build_report

    history = root / "allure-history.jsonl"
    made = build_report(root / "allure-results", output=output or root / "allure-report", history=history)
    print(f"wrote {made}; look at it with `python3 -m http.server --bind 127.0.0.1 --directory {made.parent}`")
