"""The layer contract, read from the imports: data runs one way, and what is under test knows nothing of the harness."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ("harness", "mock_providers", "messaging_stack", "scenarios", "loadtests", "reports")


def imports(source: str, *, package: str, types: bool = False) -> Iterator[str]:
    """The modules that a file of `package` imports when it runs, also inside functions; with `types`, for those too."""
    tree = ast.parse(source)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only and not types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def within(module: str, *places: str) -> bool:
    return any(module == place or module.startswith(place + ".") for place in places)


def breaches(
    folder: str, *, only: tuple[str, ...] | None = None, never: tuple[str, ...] = (), skip: tuple[str, ...] = ()
) -> list[str]:
    """Imports of the project's own modules in `folder` outside `only`, or inside `never`."""
    found = []
    top = ROOT / folder
    for path in [top] if top.is_file() else sorted(top.rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if place in skip:
            continue
        for module in imports(path.read_text(encoding="utf-8"), package=".".join(path.relative_to(ROOT).parent.parts)):
            wrong = within(module, *PROJECT) and (
                (only is not None and not within(module, *only)) or within(module, *never)
            )
            if wrong:
                found.append(f"{place} imports {module}")
    return found


@pytest.mark.parametrize("package", ["mock_providers", "messaging_stack"])
def test_what_is_deployed_stands_alone(package: str) -> None:
    assert breaches(package, only=(package,)) == []


def test_the_history_knows_nobody() -> None:
    assert breaches("harness/history", only=("harness.history", "harness.errors")) == []


def test_checks_read_histories_and_nothing_else() -> None:
    allowed = ("checks", "history", "facts", "profile", "claims", "rest", "overlap", "messages", "errors")
    assert breaches("harness/checks", only=tuple(f"harness.{name}" for name in allowed)) == []


@pytest.mark.parametrize("package", ["probes", "wire", "deploy"])
def test_observing_and_deploying_know_nothing_of_judging(package: str) -> None:
    never = (
        "harness.checks",
        "harness.scenario.stack",
        "harness.scenario.tracked",
        "harness.plugin",
        "harness.commands.cli",
        "reports",
    )
    assert breaches(f"harness/{package}", never=never) == []


@pytest.mark.parametrize("room", ["waiting.py", "rest.py", "patience.py", "tracked.py", "faults"])
def test_waiting_and_disturbing_know_nothing_of_the_stack_that_is_built_on_them(room: str) -> None:
    files = (
        [f"harness/{room}"] if room.endswith(".py") else [p.as_posix() for p in (ROOT / "harness" / room).glob("*.py")]
    )
    wrong = [
        line
        for file in files
        for line in breaches(file, never=("harness.scenario.stack", "harness.session", "reports"))
    ]
    assert wrong == []


def test_no_module_of_the_harness_knows_itself_by_way_of_others() -> None:
    assert circles(graph("harness")) == []


def graph(folder: str) -> dict[str, set[str]]:
    """Who imports whom among the modules of a folder, also for its types alone."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in (ROOT / folder).rglob("*.py")}
    names = {name.removesuffix(".__init__"): path for name, path in files.items()}
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        package = name if path.stem == "__init__" else name.rpartition(".")[0]
        wanted = imports(path.read_text(encoding="utf-8"), package=package, types=True)
        found[name] = {known for module in wanted if (known := module_of(module, names)) and known != name}
    return found


def module_of(name: str, names: Mapping[str, Path]) -> str | None:
    """The module that an import leads to: itself, or what it is taken from."""
    while name and name not in names:
        name = name.rpartition(".")[0]
    return name or None


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Each way that leads back to where it began, once."""
    done: set[str] = set()
    found = []

    def walk(name: str, way: list[str]) -> None:
        if name in way:
            found.append(way[way.index(name) :])
        elif name not in done:
            for other in sorted(arrows.get(name, ())):
                walk(other, [*way, name])
            done.add(name)

    for name in sorted(arrows):
        walk(name, [])
    return found


def test_a_circle_is_found_however_long_it_is() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_only_the_edges_of_the_harness_show_reports() -> None:
    edges = tuple(f"harness/{name}.py" for name in ("cli", "collector", "plugin", "up", "verify"))
    assert breaches("harness", never=("reports",), skip=edges) == []


def test_the_harness_knows_no_suite() -> None:
    assert breaches("harness", never=("scenarios", "loadtests", "messaging_stack", "mock_providers")) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import harness.scenario.stack", ["harness.scenario.stack"]),
        ("from harness import stack", ["harness.scenario.stack"]),
        ("from ..stack import Stack", ["harness.scenario.stack.Stack"]),
        ("def f():\n    from harness.scenario.stack import Stack", ["harness.scenario.stack.Stack"]),
        ("if TYPE_CHECKING:\n    from harness.scenario.stack import Stack", []),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", ["b"]),
    ],
)
def test_an_import_is_seen_wherever_it_stands(source: str, expected: list[str]) -> None:
    assert list(imports(source, package="harness.checks")) == expected
