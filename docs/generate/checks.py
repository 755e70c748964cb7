"""The checks, from their functions, and the scenarios that ask them, from the suite's own marks."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.generate.tables import table
from harness import checks as all_checks
from harness.checks.verdict import Question
from harness.content import content


@dataclass(frozen=True)
class Asked:
    """A scenario of the suite: what it shows, and the channels and features without which it isn't asked."""

    name: str
    needs: tuple[str, ...]


def checks() -> str:
    """A section for each check: its questions, and the scenarios that ask them."""
    questions: defaultdict[str, list[tuple[str, Question]]] = defaultdict(list)
    for name in all_checks.__all__:
        question = getattr(getattr(all_checks, name), "question", None)
        if isinstance(question, Question):
            questions[question.name].append((name, question))
    asked = scenarios(content("scenarios"))
    return "\n\n".join(section(name, questions[name], asked.get(name, [])) for name in ordered(questions))


def ordered(questions: defaultdict[str, list[tuple[str, Question]]]) -> list[str]:
    return sorted(questions, key=lambda name: (name in ("whole-record", "accounting"), name))


def section(name: str, questions: list[tuple[str, Question]], asked: list[Asked]) -> str:
    rows = [
        [
            f"`{function}`",
            question.claim,
            ", ".join(f"`{kind}`" for kind in question.silence) or "none",
            inspect.cleandoc(getattr(all_checks, function).__doc__ or "").partition("\n")[0],
        ]
        for function, question in questions
    ]
    parts = [f"## {name}", table(["Function", "Claim", "A pass rests on the absence of", "What it judges"], rows)]
    if asked:
        lines = [[one.name, ", ".join(f"`{need}`" for need in one.needs) or "nothing"] for one in asked]
        parts.append(table(["Scenario", "Isn't asked where the profile denies"], lines))
    return "\n\n".join(parts)


def scenarios(suite: Path) -> dict[str, list[Asked]]:
    """The scenarios of a suite by their check."""
    found: defaultdict[str, list[Asked]] = defaultdict(list)
    for path in sorted(suite.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        everywhere = [mark for node in tree.body if is_pytestmark(node) for mark in marks(node)]
        name = next((args[0] for mark, args in everywhere if mark == "check"), path.stem.removeprefix("test_"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                own = [mark for decorator in node.decorator_list for mark in marks(decorator)]
                needs = [need for mark, args in (*everywhere, *own) if mark == "needs" for need in args]
                if any(argument.arg == "channel" for argument in node.args.args):
                    needs.append("its channel")
                found[name].append(Asked(node.name.removeprefix("test_").replace("_", " "), tuple(needs)))
    return dict(found)


def is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(ast.unparse(target) == "pytestmark" for target in node.targets)


def marks(node: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """The marks of pytest that stand in a piece of source, each with its words."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            words = [str(word.value) for word in inner.args if isinstance(word, ast.Constant)]
            yield inner.func.attr, words
