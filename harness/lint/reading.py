"""A test file as its rules see it: each test with its statements in order, and what its names stand for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

FunctionDef = ast.FunctionDef | ast.AsyncFunctionDef
WAITS: Final = re.compile(
    r"(^|_)(wait|await|until|eventually|poll|expect|settle|drain|join|retry|retrying)(_|$|s$|ed$)", re.IGNORECASE
)
"""Names of calls that wait for something, in whoever's words."""
SENDS: Final = frozenset(
    {
        "delay",
        "apply_async",
        "send_task",
        "enqueue",
        "enqueue_job",
        "enqueue_call",
        "kiq",
        "xadd",
        "rpush",
        "lpush",
        "publish",
    }
)
"""Names of calls after which something happens elsewhere, and later."""
ASSERTS: Final = re.compile(r"assert", re.IGNORECASE)


def name_of(node: ast.AST) -> str:
    """The last part of a dotted name, or of a call's: `sleep` of `time.sleep(1)`."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.AST) -> str:
    """The whole dotted name, "" where it is none."""
    if isinstance(node, ast.Call):
        return dotted(node.func)
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return node.id if isinstance(node, ast.Name) else ""


def number(node: ast.AST | None) -> float | None:
    """The number that a constant is; None for everything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    return None


def argument(call: ast.Call, name: str, place: int | None = None) -> ast.expr | None:
    """An argument of a call by its keyword, or its place."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if place is not None and len(call.args) > place else None


@dataclass
class Test:
    """One function of a test file that tests something, with the calls in it in order of their lines."""

    function: FunctionDef
    module: ast.Module
    names: dict[str, str] = field(default_factory=dict)
    """What the module's imports stand for: `sleep` for `time.sleep`."""

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes in order of their place; functions within are other code."""
        return sorted(
            inner(self.function), key=lambda node: (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        )

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in self.nodes if isinstance(node, ast.Call)]

    @cached_property
    def claims(self) -> list[ast.AST]:
        """What can make it fail: `assert`, `self.assertEqual(…)`, `mock.assert_called_once()`, `pytest.raises`."""
        found: list[ast.AST] = [node for node in self.nodes if isinstance(node, ast.Assert)]
        found += [call for call in self.calls if ASSERTS.match(name_of(call)) or dotted(call) == "pytest.fail"]
        return sorted(found, key=line_of)

    @cached_property
    def sleeps(self) -> list[ast.Call]:
        return [call for call in self.calls if self.is_sleep(call)]

    def is_sleep(self, call: ast.Call) -> bool:
        """Whether a call only lets time pass: `time.sleep(1)`, `await asyncio.sleep(0.5)`; `sleep(0)` yields."""
        full = self.full(call)
        if full.rpartition(".")[2] != "sleep" or number(argument(call, "seconds", 0)) == 0:
            return False
        return full in (
            "sleep",
            "time.sleep",
            "asyncio.sleep",
            "anyio.sleep",
            "trio.sleep",
            "gevent.sleep",
            "eventlet.sleep",
        )

    def full(self, call: ast.AST) -> str:
        """The dotted name of a call, with what was imported for its first part."""
        first, dot, rest = dotted(call).partition(".")
        return f"{self.names.get(first, first)}{dot}{rest}"

    @cached_property
    def kinds(self) -> dict[str, str]:
        """What its variables were made by: `event` for `threading.Event`."""
        made: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        made[target.id] = self.full(node.value)
        return made

    def waits_between(self, first: int, last: int) -> bool:
        """Whether something is waited for after one line and up to another."""
        return any(
            first < call.lineno <= last and (WAITS.search(name_of(call)) or self.is_sleep(call)) for call in self.calls
        )

    @cached_property
    def sends(self) -> list[ast.Call]:
        """The calls after which something happens elsewhere, and later."""
        return [call for call in self.calls if name_of(call) in SENDS or self.posts(call)]

    def posts(self, call: ast.Call) -> bool:
        """Whether it is an HTTP request that sends a message: `client.post("/messages/send", …)`."""
        path = argument(call, "url", 0)
        if name_of(call) != "post" or path is None:
            return False
        text = "".join(str(part.value) for part in ast.walk(path) if isinstance(part, ast.Constant))
        return bool(re.search(r"messages?|notif|/send|/sms|/mails?\b|/emails?\b", text, re.IGNORECASE))


def line_of(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def inner(function: FunctionDef) -> Iterator[ast.AST]:
    """What a function does itself: not what functions and classes in it would."""
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def tests_in(module: ast.Module) -> Iterator[Test]:
    """Each test of a file, also those in classes; what only helps one is none."""
    names = imported(module)
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield Test(node, module, names)


def imported(module: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {
                one.asname or one.name.partition(".")[0]: one.name if one.asname else one.name.partition(".")[0]
                for one in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return names
