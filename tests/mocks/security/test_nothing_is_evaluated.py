"""Nothing that a client or a stack sends is compiled or evaluated: all source is searched for what could."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("mock_providers", "harness", "messaging_stack")

NAMES = frozenset(("eval", "exec", "compile", "__import__", "breakpoint", "execfile"))
MODULES = frozenset(
    (
        *("pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle", "codeop", "code"),
        *("runpy", "imp", "pybars", "jinja2", "mako", "chevron", "pystache", "js2py"),
    )
)
"""Modules that turn data into objects or code of any kind, or templates into code."""
METHODS = {
    "builtins": NAMES,
    "os": ("system", "popen"),
    "types": ("CodeType", "FunctionType"),
    "yaml": ("load", "load_all", "unsafe_load", "unsafe_load_all", "full_load", "full_load_all"),
    "string": ("Formatter",),
}
FORMATS = ("format", "format_map")
IMPORTERS = ("import_module", "exec_module", "load_module")
PATTERNS = frozenset(("compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"))

ALLOWED = {
    "mock_providers/sendgrid/routes/visit.py: re.compile(pattern)": "a route's path, from the table of routes",
    "mock_providers/twilio/routes/visit.py: re.compile(pattern)": "a route's path, from the table of routes",
    "mock_providers/twilio/errors.py: wording.format(about)": "a wording of the table ERRORS",
    "harness/deploy/finding.py: re.compile(spec.match)": "the profile, which starts programs anyway",
    "harness/deploy/launching.py: re.compile(log)": "the profile",
    "harness/deploy/services.py: re.search(pattern, line)": "our own, of a server's log",
    "harness/deploy/postgres.py: importlib.util.find_spec(package)": "one of two names in that file",
    "harness/discovery/processes.py: re.search(said, one.line)": "a program's own words, escaped",
    "harness/discovery/redis_keys.py: re.search(f'(?<![a-z]){channel}(?![a-z])', name.lower())": "one of CHANNELS",
    "harness/discovery/settings.py: re.compile(pattern)": "from the table that follows",
    "harness/discovery/sources.py: re.search(f'": "an escaped name",
    "harness/discovery/sources.py: re.findall(reading, text)": "an escaped name",
    "harness/plugin/options.py: re.compile(f": "the names of our options",
    "harness/profile/pointers.py: re.search(where.match, words[:LONGEST])": "the profile; the text is bounded",
    "harness/profile/pointers.py: re.compile(value)": "the profile",
    "harness/profile/processes.py: re.compile(value)": "the profile",
    "harness/profile/templates.py: template.format_map(Missing(present))": "the profile; names alone, by `check_text`",
    "harness/profile/templates.py: string.Formatter()": "takes a text apart, and fills nothing in",
}
"""What is right all the same, by its beginning, and why."""


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def constant(node: ast.AST) -> bool:
    """Whether a value stands in the source: a string, several put together, or a name of the module in capitals."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Subscript):
        return constant(node.value)
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) == "re.escape"
    if isinstance(node, ast.BinOp):
        return constant(node.left) and constant(node.right)
    if isinstance(node, ast.JoinedStr):
        return all(constant(part.value if isinstance(part, ast.FormattedValue) else part) for part in node.values)
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.strip("_").isupper()


def evaluates(call: ast.Call) -> bool:
    """Whether a call could run what it is given."""
    if isinstance(call.func, ast.Name):
        return call.func.id in NAMES
    if not isinstance(call.func, ast.Attribute):
        return False
    of, name = ast.unparse(call.func.value), call.func.attr
    if any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in call.keywords):
        return True
    if name in FORMATS:
        # a format from outside looks into any object that it is given
        return not constant(call.func.value)
    if of == "re":
        return name in PATTERNS and bool(call.args) and not constant(call.args[0])
    if of.startswith("importlib") or name in IMPORTERS:
        return not all(constant(argument) for argument in call.args)
    return name in METHODS.get(of, ())


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def found(source: str) -> list[str]:
    """What of a source could run data, as it is written there."""
    tree = ast.parse(source)
    modules = [name for name in imports(tree) if name.partition(".")[0] in MODULES]
    return modules + [ast.unparse(call) for call in calls(tree) if evaluates(call)]


def test_nothing_is_compiled_or_evaluated() -> None:
    seen = [
        f"{path.relative_to(ROOT).as_posix()}: {what}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for what in found(path.read_text(encoding="utf-8"))
    ]
    assert [one for one in seen if not one.startswith(tuple(ALLOWED))] == []


def test_the_packages_have_sources() -> None:
    names = {path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert {"mock_providers/handlebars/rendering.py", "harness/plugin/items.py", "messaging_stack/cli.py"} <= names


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "def f():\n    exec(text)",
        "compile(text, '', 'exec')",
        "__import__(name)",
        "import pickle",
        "from pickle import loads",
        "import marshal as m",
        "def f():\n    from pybars import Compiler",
        "builtins.eval(text)",
        "importlib.import_module(name)",
        "importlib.util.spec_from_file_location(name, path)",
        "yaml.load(text)",
        "os.system(line)",
        "subprocess.run(line, shell=True)",
        "subprocess.run(line, shell=asked)",
        "text.format(value)",
        "given['format'].format_map(values)",
        "types.FunctionType(code, {})",
        "re.compile(text)",
        "re.search(f'a{text}', line)",
        "re.sub(pattern, '', line)",
    ],
)
def test_what_could_run_data_is_found(line: str) -> None:
    assert len(found(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "re.compile(r'a+')",
        "re.compile(_WORD + 'b')",
        "re.compile(f'[{re.escape(sign)}]')",
        "'{}'.format(text)",
        "WORDING.format(text)",
        "f'{text}'",
        "pattern.search(text)",
        "json.loads(text)",
        "yaml.safe_load(text)",
        "subprocess.run(words)",
        "ast.parse(text)",
        "importlib.import_module('uvloop')",
        "form.format",
    ],
)
def test_what_runs_nothing_is_let_be(line: str) -> None:
    assert found(line) == []
