"""`harness lint`: exit code 0 nothing found, 1 something, 3 what was named can't be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from harness.commands import options
from harness.errors import UsageError
from harness.results import UNUSABLE


@click.command()
@click.argument("paths", type=options.FILE, nargs=-1)
@click.option(
    "--select", multiple=True, metavar="CODE", help="Only this rule, by its code, the beginning of it, or its name."
)
@click.option("--fix", is_flag=True, help="Mends what can be mended safely.")
@click.option("--rules", "list_rules", is_flag=True, help="Lists the rules, each with its remedy.")
@click.option("--format", "form", type=click.Choice(["text", "github", "json"]), default="text", show_default=True)
def lint(paths: Sequence[Path], select: Sequence[str], fix: bool, list_rules: bool, form: str) -> int:
    """Tells which tests hang on timing, from their text alone: files, or folders of test_*.py."""
    from harness.lint.linting import RULES, files_of, findings_in, mended, read

    if list_rules:
        for rule in RULES:
            click.echo(f"{rule.code} {rule.name}: {rule.what} {rule.remedy}")
        return 0
    strangers = [one for one in select if not any(one == rule.name or rule.code.startswith(one) for rule in RULES)]
    if strangers:
        raise UsageError(f"--select {strangers[0]!r}: no rule is called so; `harness lint --rules` lists them")
    remedies = {rule.code: rule.remedy for rule in RULES}
    found, files, unread = [], 0, 0
    for path in files_of(paths or [Path()]):
        try:
            text = read(path)
            findings = findings_in(text, name=str(path), select=select)
        except UsageError as error:
            click.echo(str(error), err=True)
            unread += 1
            continue
        files += 1
        if fix:
            new, done = mended(text, findings)
            if done:
                path.write_text(new, encoding="utf-8")
                click.echo(f"{path}: {done} mended", err=True)
                findings = findings_in(new, name=str(path), select=select)
        found += [(path, one) for one in findings]
    for path, one in found if form != "json" else ():
        remedy = remedies[one.code]
        if form == "github":
            click.echo(
                f"::warning file={path},line={one.line},col={one.column},title={one.code}::{one.message}. {remedy}"
            )
        else:
            click.echo(f"{path}:{one.line}:{one.column}: {one.code} {one.message}\n    {remedy}")
    if form == "json":
        rows = [{"path": str(path), "line": one.line, "column": one.column, "code": one.code, "message": one.message,
                 "remedy": remedies[one.code], "fixable": one.fix is not None} for path, one in found]  # fmt: skip
        click.echo(json.dumps(rows, indent=1))
    elif form == "text":
        click.echo(f"{len(found)} found in {files} files" + (f"; {unread} can't be read" if unread else ""))
    return UNUSABLE if unread and not files else 1 if found else 0
