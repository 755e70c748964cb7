"""The commands with all their options, from the applications themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from docs.generate.tables import table


def harness() -> str:
    """The `harness` command."""
    from harness.commands.cli import app

    return from_click(app, "harness")


def mock_providers() -> str:
    """The `mock-providers` command."""
    from mock_providers.cli import app

    return from_click(app, "mock-providers")


def messaging_stack() -> str:
    """The `messaging-stack` command."""
    from messaging_stack.cli import COMMANDS

    return "\n\n".join(
        f"### `messaging-stack {name}`\n\n{inspect.getdoc(command)}" for name, command in COMMANDS.items()
    )


def from_click(group: click.Group, name: str) -> str:
    """A section for each command of a group, in the order of `--help`; the program's own options first."""
    parts = [section(name, group, options=list(group.params))] if group.params else []
    parts += [section(f"{name} {word}", command, options=command.params) for word, command in shown(group)]
    return "\n\n".join(parts)


def shown(group: Any) -> Iterator[tuple[str, Any]]:
    """The commands that people call, those of a group within by both their words."""
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from ((f"{word} {inner}", one) for inner, one in shown(command))
        elif not command.hidden:
            yield word, command


def section(title: str, command: Any, *, options: list[Any]) -> str:
    words = [option for option in options if option.param_type_name == "argument"]  # what they are, the help says
    rows = [row(option) for option in options if option not in words and not getattr(option, "hidden", False)]
    usage = " ".join([title, *map(argument, words), "[OPTIONS]"])
    if isinstance(command, click.Group):
        usage += " COMMAND"
    said = inspect.cleandoc(command.help or "")
    text = f"### `{title}`\n\n{said}\n\nUsage: `{usage}`"
    return f"{text}\n\n{table(['Option', 'Default', 'Meaning'], rows)}" if rows else text


def row(option: Any) -> list[str]:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    values = "" if option.is_flag else f" `{metavar(option)}`"
    more = f" Also the environment's `{option.envvar}`." if option.envvar else ""
    return [names + values, default_of(option), f"{option.help or ''}{more}{' May be given again.' * option.multiple}"]


def argument(word: Any) -> str:
    """A word of a usage line, in brackets where it may be left out."""
    name = str(word.metavar or word.name.upper())
    return name if word.required or name.startswith("[") else f"[{name}]"


def metavar(option: Any) -> str:
    """What stands for an option's value."""
    if option.metavar:
        return str(option.metavar)
    kind = str(option.type.name)
    return {"text": "TEXT", "integer": "N", "integer range": "N", "float": "X", "float range": "X"}.get(
        kind, kind.upper()
    )


def default_of(option: Any) -> str:
    value = option.default
    if option.is_flag:
        return "on" if value is True else "off"
    said = isinstance(value, str | int | float | Path) and value != ""  # Click has a word of its own for "not given"
    return f"`{value}`" if said else "none"
