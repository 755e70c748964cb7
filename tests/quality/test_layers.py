"""The layer contract, read from the imports: data runs one way, and what is under test knows nothing of the harness."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from floors import CONTENT, FLOORS, picture, room_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = tuple(FLOORS)
LONGEST = 400
"""Lines of a file; a reader of one that is longer has lost its idea."""
GENERATED = re.compile(r"<!-- generated: .*?<!-- /generated -->\n", re.DOTALL)
"""A table that is made from the code is looked up, and not read."""


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


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_knows_only_the_floors_below_its_own(package: str) -> None:
    assert list(back_arrows(graph(package), package)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_has_a_floor_and_every_floor_its_rooms(package: str) -> None:
    rooms = {room_of(name, package) for name in graph(package)} - {None}
    assert rooms == {room for floor in FLOORS[package] for room in floor}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_knows_itself_by_way_of_others(package: str) -> None:
    assert circles(graph(package)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_stands_alone(package: str) -> None:
    others = tuple(name for name in (*PACKAGES, *CONTENT) if name != package)
    assert list(breaches(package, never=others)) == []


@pytest.mark.parametrize(("one", "other"), [("twilio", "sendgrid"), ("sendgrid", "twilio")])
def test_neither_vendor_knows_the_other(one: str, other: str) -> None:
    assert list(breaches(f"mock_providers/{one}", never=(f"mock_providers.{other}",))) == []


@pytest.mark.parametrize("folder", CONTENT)
def test_content_knows_the_harness_alone(folder: str) -> None:
    never = tuple(name for name in (*PACKAGES, *CONTENT) if name != "harness")
    assert list(breaches(folder, never=never)) == []


def test_the_history_knows_nobody() -> None:
    assert list(breaches("harness/history", never=("harness",), but=("harness.history", "harness.errors"))) == []


def test_checks_read_histories_and_profiles_and_nothing_else() -> None:
    allowed = ("harness.checks", "harness.history", "harness.profile")
    assert list(breaches("harness/checks", never=("harness",), but=allowed)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_floors_are_drawn(package: str) -> None:
    drawn = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert picture(package) in drawn, f"ARCHITECTURE.md should have this picture:\n{picture(package)}"


def test_no_file_is_too_long() -> None:
    lengths = {name: length(name) for name in tracked("*.py", "*.md", "*.js", "*.css", "*.html")}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_no_two_files_of_tests_have_one_name() -> None:
    """Pytest imports files that are in no package by their own name, and a second of that name ends the run."""
    alone = [path for path in (ROOT / "tests").rglob("test_*.py") if not (path.parent / "__init__.py").exists()]
    names = [path.name for path in alone if path.parent.name not in ("naive", "stable")]  # those are somebody's suites
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_folder_says_what_it_is_for() -> None:
    folders = {Path(name).parent for name in tracked("*.py", "*.md", "*.js", "*.mjs")} - {Path()}
    # an example is laid out as its own team would, and has its README
    examples = {folder for folder in folders if folder.parts[0] == "examples" and len(folder.parts) > 2}
    top = {folder for folder in folders - examples if folder.parts[0] != "tests"} | {Path("tests")}
    assert sorted(folder.as_posix() for folder in top if not purpose(ROOT / folder)) == []


def tracked(*patterns: str) -> list[str]:
    done = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def length(name: str) -> int:
    text = (ROOT / name).read_text(encoding="utf-8")
    return len(GENERATED.sub("", text).splitlines())


def purpose(folder: Path) -> str:
    """The first line of what tells a folder's purpose; empty where nothing does."""
    for name in ("__init__.py", "__main__.py", "README.md", "index.md"):
        path = folder / name
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            said = (ast.get_docstring(ast.parse(text)) or "") if path.suffix == ".py" else text.strip()
            return said.partition("\n")[0]
    return ""


def breaches(folder: str, *, never: tuple[str, ...], but: tuple[str, ...] = ()) -> Iterator[str]:
    """What the files of a folder import inside of `never`, except what is inside of `but`."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        package = ".".join(path.relative_to(ROOT).parent.parts)
        for module in imports(path.read_text(encoding="utf-8"), package=package, types=True):
            if within(module, *never) and not within(module, *but):
                yield f"{path.relative_to(ROOT)} imports {module}"


def back_arrows(arrows: Mapping[str, set[str]], package: str) -> Iterator[str]:
    """Imports that lead up, or to another room of the same floor."""
    floor = {room: number for number, rooms in enumerate(reversed(FLOORS[package])) for room in rooms}
    for name in sorted(arrows):
        here = room_of(name, package)
        for other in sorted(arrows[name]):
            there = room_of(other, package)
            if here is not None and here != there and (there is None or floor[there] >= floor[here]):
                yield f"{name} imports {other}"


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


def test_an_arrow_that_leads_up_or_aside_is_found() -> None:
    arrows = {
        "harness.probes.wire": {"harness.checks.rest", "harness.history"},
        "harness.deploy.a": {"harness.checks.rest"},
    }
    up = "harness.probes.wire imports harness.checks.rest"
    assert list(back_arrows(arrows, "harness")) == ["harness.deploy.a imports harness.checks.rest", up]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import harness.scenario.stack", ["harness.scenario.stack"]),
        ("from harness import stack", ["harness.stack"]),
        ("from ..stack import Stack", ["harness.stack.Stack"]),
        ("def f():\n    from harness.scenario.stack import Stack", ["harness.scenario.stack.Stack"]),
        ("if TYPE_CHECKING:\n    from harness.scenario.stack import Stack", []),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", ["b"]),
    ],
)
def test_an_import_is_seen_wherever_it_stands(source: str, expected: list[str]) -> None:
    assert list(imports(source, package="harness.checks")) == expected
