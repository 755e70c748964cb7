"""The floors of the mock providers: every import stays on its floor or goes down, and none leads back to itself."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import mock_providers

TOP = Path(mock_providers.__file__).parent
PACKAGE = "mock_providers"

FLOORS: list[tuple[str, tuple[str, ...]]] = [
    (
        "parts that know nobody",
        ("", "accounts", "asgi", "at_once", "bodies", "checked", "clock", "connection", "errors", "lifecycle", "memory",
         "metrics", "posting", "redact"),
    ),
    ("the client, which knows a server by its answers alone", ("client", "process", "pytest_plugin")),
    ("the record", ("journal",)),
    ("what is disturbed", ("faults",)),
    ("traffic: calls in, webhooks out", ("call", "exchange", "webhooks")),
    (
        "the vendors' rules, which know no account",
        ("twilio.errors", "twilio.numbers", "twilio.segments", "twilio.signature", "twilio.smart_encoding",
         "twilio.twiml", "sendgrid.errors", "sendgrid.optional_rules", "sendgrid.rules", "sendgrid.signature"),
    ),
    ("the vendors' state", ("twilio", "twilio.state", "sendgrid", "sendgrid.state")),
    (
        "what the vendors send",
        ("twilio.callbacks", "sendgrid.events", "sendgrid.inbound_parse", "sendgrid.rendering"),
    ),
    ("the vendors' endpoints", ("twilio.routes", "sendgrid.routes")),
    ("the vendors' APIs", ("twilio.api", "sendgrid.api")),
    ("all that one server holds", ("config", "world")),
    ("the control plane", ("control",)),
    ("serving", ("app", "in_process", "protocol", "server")),
    ("commands", ("__main__", "cli", "commands")),
]  # fmt: skip
"""Lowest first. A name stands for its module and all below it, unless a longer one says otherwise."""


def floor(module: str) -> int:
    """The number of the floor that a module stands on; the longest name that leads to it decides."""
    name = module.removeprefix(PACKAGE).lstrip(".")
    fitting = {
        place: number
        for number, (_, places) in enumerate(FLOORS)
        for place in places
        if name == place or (place and name.startswith(f"{place}."))
    }
    assert fitting, f"{module} stands on no floor: name it in FLOORS"
    return fitting[max(fitting, key=len)]


def imported(source: str) -> Iterator[str]:
    """All that a file imports, also inside functions and for its types."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports here are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def arrows() -> dict[str, set[str]]:
    """Which modules of the package each of them imports."""
    paths = {
        ".".join((PACKAGE, *path.relative_to(TOP).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in TOP.rglob("*.py")
    }

    def module_of(name: str) -> str:
        while name and name not in paths:
            name = name.rpartition(".")[0]
        return name

    return {
        module: {module_of(name) for name in imported(path.read_text(encoding="utf-8"))} - {"", module}
        for module, path in paths.items()
    }


def test_every_import_stays_or_goes_down() -> None:
    up = [
        f"{module} ({FLOORS[floor(module)][0]}) imports {other} ({FLOORS[floor(other)][0]})"
        for module, others in sorted(arrows().items())
        for other in sorted(others)
        if floor(other) > floor(module)
    ]
    assert up == []


def test_no_module_leads_back_to_itself() -> None:
    try:
        TopologicalSorter(arrows()).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


def test_neither_vendor_knows_the_other() -> None:
    for one, other in (("twilio", "sendgrid"), ("sendgrid", "twilio")):
        own = [name for name in arrows() if name.startswith(f"{PACKAGE}.{one}")]
        assert [name for name in own for to in arrows()[name] if to.startswith(f"{PACKAGE}.{other}")] == []


def test_it_needs_few_packages() -> None:
    """Whoever wants a mock alone gets all of these and what they need: 17 packages."""
    found = {
        name.partition(".")[0] for path in TOP.rglob("*.py") for name in imported(path.read_text(encoding="utf-8"))
    }
    served_by = {"click", "cryptography", "h11", "httpx", "pybars", "starlette", "uvicorn", "uvloop"}
    used_where_installed = {"pytest", "respx", "_typeshed"}  # the last for types alone
    assert found - sys.stdlib_module_names - {PACKAGE} == served_by | used_where_installed


def test_an_import_is_seen_wherever_it_stands() -> None:
    source = "import a.b\nif TYPE_CHECKING:\n    from c import d\ndef f():\n    from e.f import g\n"
    assert sorted(imported(source)) == ["a.b", "c.d", "e.f.g"]
