"""Finds the regular expressions of a package, and texts that would make each one slow if it could be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]  # reason: typeshed has no stub of it
from re import _parser as parser  # type: ignore[attr-defined]  # reason: as above
from typing import Any

FUNCTIONS = frozenset(("compile", "match", "fullmatch", "search", "split", "findall", "finditer", "sub", "subn"))
ANCHORED = frozenset(("match", "fullmatch"))


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern where it stands; `anchored` if it is only ever tried at one place of a text."""

    place: str
    pattern: re.Pattern[Any]
    anchored: bool

    def tries(self, text: str) -> None:
        given = text if isinstance(self.pattern.pattern, str) else text.encode("utf-8", "replace")
        if self.anchored:
            self.pattern.fullmatch(given)
        else:
            for _ in self.pattern.finditer(given):
                pass


@dataclass(frozen=True, slots=True)
class Unread:
    """A pattern that is made while the program runs: `source` is what it is made of."""

    place: str
    source: str


def patterns(root: Path, package: str) -> Iterator[Found | Unread]:
    """Every pattern of a package's modules: written in a call of `re`, or made when its module is imported."""
    for path in sorted((root / package).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "re." not in source:
            continue
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if called(node) is not None:
                yield read(node, f"{path.relative_to(root)}:{node.lineno}", path, root, source)  # type: ignore[attr-defined]  # reason: a call


def called(node: ast.AST) -> str | None:
    """The function of `re` that is called, if one is."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return None
    of = node.func.value
    return node.func.attr if isinstance(of, ast.Name) and of.id == "re" and node.func.attr in FUNCTIONS else None


def read(node: Any, place: str, path: Path, root: Path, source: str) -> Found | Unread:
    function = node.func.attr
    space: dict[str, Any] = {"re": re}
    if not isinstance(node.args[0], ast.Constant):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        space = vars(import_module(module)) | space
    try:
        flags = 0
        for given in [*node.args[1:], *(one.value for one in node.keywords)]:
            if isinstance(given, ast.Attribute | ast.BinOp) and ast.unparse(given).startswith("re."):
                flags |= int(evaluated(given, space))
        made = re.compile(evaluated(node.args[0], space), flags)
    except (NameError, TypeError, AttributeError):
        return Unread(place, " ".join(names(node.args[0])))
    if function == "compile":
        return Found(place, made, anchored=only_anchored(node, source))
    return Found(place, made, anchored=function in ANCHORED)


def names(node: ast.expr) -> Iterator[str]:
    """What an expression is made of that isn't written in it."""
    if isinstance(node, ast.JoinedStr):
        yield from (ast.unparse(part.value) for part in node.values if isinstance(part, ast.FormattedValue))
    else:
        yield ast.unparse(node)


def evaluated(node: ast.expr, space: dict[str, Any]) -> Any:
    """An expression of our own source, with the names of its module."""
    return eval(compile(ast.Expression(node), "<pattern>", "eval"), dict(space))  # reason: our own source


def only_anchored(node: ast.Call, source: str) -> bool:
    """Whether what is compiled has a name by which it is only matched from a text's beginning."""
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            value = statement.value
            if value.lineno == node.lineno and value.col_offset == node.col_offset:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                names = [ast.unparse(target) for target in targets]
                return all(
                    use in ANCHORED for name in names for use in re.findall(rf"{re.escape(name)}\.(\w+)\(", source)
                ) and all(f"{name}." in source for name in names)
    return False


def attacks(pattern: re.Pattern[Any], anchored: bool) -> list[tuple[str, str, str]]:
    """Beginning, what is repeated, and end, of texts that come close to matching, for each place that repeats."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    found: list[tuple[str, str, str]] = []
    parsed = list(parser.parse(text, pattern.flags & ~re.UNICODE))
    _collect(parsed, "", found)
    # its own words again and again, where something repeats: each may be where a try begins anew
    found += [(before, word) for before in dict.fromkeys(before for before, _ in found) for word in _words(parsed)]
    ends = ("", "\x00", "\n", " ")
    made = {(before, body, end) for before, body in dict.fromkeys(found) for end in ends if body}
    if not anchored:
        # the same, begun again and again
        made |= {("", before + body, end) for before, body in found for end in ends if before + body}
    return sorted(made)


def _collect(items: list[Any], before: str, found: list[tuple[str, str]]) -> str:
    """Notes every repeat with a sample of what comes before it; gives a sample of all of it."""
    sample = before
    for code, value in items:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            low, high, inner = value
            bodies = _samples(list(inner))
            if high is codes.MAXREPEAT or high > 20:
                found += [(sample, body) for body in bodies]
            _collect(list(inner), sample, found)
            sample += bodies[0] * max(low, 1)
        elif code is codes.SUBPATTERN:
            sample = _collect(list(value[-1]), sample, found)
        elif code is codes.ATOMIC_GROUP:
            sample = _collect(list(value), sample, found)
        elif code is codes.BRANCH:
            sample = max((_collect(list(one), sample, found) for one in value[1]), key=len)
        elif code is codes.ASSERT:
            _collect(list(value[1]), sample, found)
        elif code not in (codes.ASSERT_NOT, codes.AT):
            sample += _one(code, value)[0]
    return sample


def _words(items: list[Any]) -> list[str]:
    """The words that stand in a pattern as they are, shortest first."""
    words, word = set(), ""
    for code, value in [*items, (codes.AT, None)]:
        if code is codes.LITERAL:
            word += chr(value)
            continue
        if len(word) > 1:
            words.add(word)
        word = ""
        inner = {
            codes.MAX_REPEAT: lambda given: [given[2]], codes.MIN_REPEAT: lambda given: [given[2]],
            codes.POSSESSIVE_REPEAT: lambda given: [given[2]], codes.SUBPATTERN: lambda given: [given[-1]],
            codes.BRANCH: lambda given: given[1], codes.ATOMIC_GROUP: lambda given: [given],
            codes.ASSERT: lambda given: [given[1]],
        }.get(code, lambda _: [])  # fmt: skip
        for one in inner(value):
            words |= set(_words(list(one)))
    return sorted(words, key=lambda one: (len(one), one))[:8]


def _samples(items: list[Any]) -> list[str]:
    """A few texts that all of it matches."""
    made = [""]
    for code, value in items:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            options = [one * max(value[0], 1) for one in _samples(list(value[2]))]
        elif code is codes.SUBPATTERN:
            options = _samples(list(value[-1]))
        elif code is codes.ATOMIC_GROUP:
            options = _samples(list(value))
        elif code is codes.BRANCH:
            options = [one for branch in value[1] for one in _samples(list(branch))]
        elif code in (codes.ASSERT, codes.ASSERT_NOT, codes.AT):
            options = [""]
        else:
            options = _one(code, value)
        made = [before + one for before in made for one in options][:6]
    return made


_OF = {
    "CATEGORY_DIGIT": "7", "CATEGORY_NOT_DIGIT": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": "a",
    "CATEGORY_WORD": "a", "CATEGORY_NOT_WORD": " ",
}  # fmt: skip


def _one(code: Any, value: Any) -> list[str]:
    """Characters that one place matches."""
    if code is codes.LITERAL:
        return [chr(value)]
    if code is codes.NOT_LITERAL:
        return [next(one for one in "a=b" if ord(one) != value)]
    if code is codes.ANY:
        return ["a", "="]
    if code is codes.IN:
        kinds = re.compile(_class(value), re.DOTALL)
        likely = [one for one in "a7 =:&?\"'\\-.@/\n{[(<T" if kinds.fullmatch(one)]
        return likely[:4] or [next(chr(n) for n in range(0x110000) if kinds.fullmatch(chr(n)))]
    if code is codes.GROUPREF:
        return [""]
    return ["a"]


def _class(items: Any) -> str:
    text = ""
    for code, value in items:
        if code is codes.NEGATE:
            text += "^"
        elif code is codes.LITERAL:
            text += re.escape(chr(value))
        elif code is codes.RANGE:
            text += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        else:
            name = str(value)
            text += {"7": r"\d", " ": r"\s", "a": r"\w"}[_OF[name]] if "NOT" not in name else {
                "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_NOT_WORD": r"\W",
            }[name]  # fmt: skip
    return f"[{text}]"
