"""Our templates against Handlebars itself: what both know is shown alike, to the character."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest
from filelock_once import once

from mock_providers.handlebars import TemplateError, parse, render

HERE = Path(__file__).parent / "handlebars"
CASES = 2000
DATA: dict[str, Any] = {
    "a": "<A&'\"`=>",
    "b": 2,
    "c": False,
    "e": [],
    "f": 1.5e-7,
    "l": [{"a": 1}, {"a": 0, "b": "x"}, "text", False, [1, [2, ""]]],
    "n": None,
    "nested": [1, [2, None, [True]], {}],
    "neg": -1e22,
    "o": {"p": "P", "q": {"r": []}, "10": "ten", "2": "two", "zz": True, "__proto__x": 1},
    "s": "string",
    "t": True,
    "x y": "spaced",
    "z": 0,
}
PATHS = (
    *("a", "b", "c", "l", "o", "n", "s", "t", "z", "e", "f", "neg", "[x y]", "nope", "a.b", "o.p", "o.q.r", "o.[10]"),
    *("[l]", "l.[0]", "l.[1].a", "l.length", "s.length", "this", ".", "..", "./a", "this.a", "../a", "../../b"),
    *("../this", "@index", "@key", "@first", "@last", "@root.a", "@../index", "@root.o.q", "@nope"),
)
SPACES = ("x", " ", "\n", "  \n", "\n  ", " y\n", "\\", "\\\\", "\t", "é", "\r\n", "", "<", "}}", "\n\n")


class Writer:
    """Writes templates of every kind, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(seed)

    def body(self, depth: int = 0) -> str:
        pieces = [self.piece(depth) for _ in range(self._rng.randint(1, 3))]
        return "".join(self._one(*SPACES) + piece + self._one(*SPACES) for piece in pieces)

    def piece(self, depth: int) -> str:
        kind = self._rng.random()
        if kind < 0.5 or depth >= 3:
            return self._value()
        if kind < 0.6:
            return self._tag(self._one("! a comment ", "!-- }} --", "!----"))
        return self._block(depth)

    def _value(self) -> str:
        path = self._one(*PATHS)
        if self._chance(0.1):
            path = f"lookup {path} {self._one(*PATHS)}"
        # a letter before what isn't escaped: two numbers side by side are added up by JavaScript, not put together
        if self._chance(0.2):
            return f"x{{{{{self._trim()}{{{path}}}{self._trim()}}}}}"
        if self._chance(0.2):
            return f"x{self._tag(f'&{path}')}"
        return self._tag(self._one("", " ") + path + self._one("", " "))

    def _block(self, depth: int) -> str:
        helper = self._one("if", "unless", "each", "with", "")
        name = helper or self._one("a", "l", "o", "t", "nope", "e", "o.p", "n", "z", "b", "s")
        path = self._one(*PATHS)
        given = f" {path}" if helper else ""
        if helper == "if" and self._chance(0.1):
            given += " includeZero=true"
        names = {"each": " as |a k|", "with": " as |b|"}.get(helper, "") if self._chance(0.2) else ""
        if self._chance(0.2):
            # one alone: which of its bodies a ~ belongs to, Handlebars says otherwise where there are two
            return self._tag(f"^{name}{given}") + self.body(depth + 1) + self._tag(f"/{name}")
        text = self._tag(f"#{name}{given}{names}") + self.body(depth + 1)
        for _ in range(self._one(0, 0, 0, 1, 2)):
            condition = self._one("if", "unless", "with")
            text += self._tag(f"else {condition} {self._one(*PATHS)}") + self.body(depth + 1)
        if self._chance(0.4):
            text += self._tag(self._one("else", "^", " else ")) + self.body(depth + 1)
        return text + self._tag(f"/{name}")

    def _tag(self, inside: str) -> str:
        return f"{{{{{self._trim()}{inside}{self._trim()}}}}}"

    def _trim(self) -> str:
        return self._one("", "", "", "~")

    def _one(self, *choices: Any) -> Any:
        return self._rng.choice(choices)

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share


@pytest.fixture(scope="module")
def handlebars() -> None:
    if shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed; Handlebars can't be run")
    with once(HERE / "node_modules"):
        if not (HERE / "node_modules" / ".package-lock.json").exists():
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=HERE, check=True, timeout=300, capture_output=True)


def filled_by_handlebars(sources: list[str]) -> list[Any]:
    lines = "\n".join(json.dumps([source, DATA]) for source in sources)
    command = ["node", "fill.js"]
    done = subprocess.run(command, cwd=HERE, input=lines, capture_output=True, text=True, timeout=120, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def filled_by_us(source: str) -> list[Any]:
    try:
        return [True, render(parse(source), DATA)]
    except TemplateError as problem:
        return [False, str(problem)]


def crashed(answer: list[Any]) -> bool:
    """Whether Handlebars failed by a mistake of its own: a name of `as |a|` inside a block that isn't entered."""
    return not answer[0] and str(answer[1]).startswith("Cannot read properties of undefined")


@pytest.mark.usefixtures("handlebars")
def test_generated_templates_are_shown_alike() -> None:
    sources = [Writer(seed).body() for seed in range(CASES)]
    different = []
    agreed = shown = 0
    for source, theirs in zip(sources, filled_by_handlebars(sources), strict=True):
        ours = filled_by_us(source)
        if crashed(theirs):
            continue
        if ours[0] != theirs[0] or (ours[0] and ours[1] != theirs[1]):
            different.append((source, theirs, ours))
        agreed += 1
        shown += ours[0]
    assert different[:3] == []
    assert agreed > CASES * 0.9
    assert shown > CASES * 0.5


LISTED = (
    *("{{a", "{{}}", "{{#if a}}", "{{#if a}}{{/each}}", "{{/if}}", "{{else}}", "{{{a}}", "{{a}}}", "{{{a}}}}"),
    *("{{#if}}x{{/if}}", "{{#if a b}}x{{/if}}", "{{foo a}}", "{{#foo a}}x{{/foo}}", "{{foo.bar a}}", "{{> p}}"),
    *("{{if a}}", "{{each l}}", "{{#each}}x{{/each}}", "{{a.this}}", "{{#a.b}}x{{/a}}", "{{a (b}}", "{{* d}}"),
    *('{{"a"}}', "{{'b'}}", "{{1}}", "{{true}}", "{{null}}", "{{[x y]}}", "{{l.[1].[b]}}", "{{o.10.x}}", "{{-1}}"),
    *("{{#each o}}{{@key}}={{this}}{{@index}}{{@first}}{{@last}},{{/each}}", "{{#each l}}{{@../index}}{{/each}}"),
    "{{#each l as |x i|}}{{i}}{{x.a}}{{#each ../l as |x|}}{{x.a}}{{i}}{{/each}}{{/each}}",
    *("{{lookup (lookup l 0) 'a'}}", "{{#if a}}{{else}}{{else}}{{/if}}", "{{a.0}}", "{{a-b}}", "{{log a}}"),
    *("{{#if a}}{{else if}}{{/if}}", "{{#^a}}{{/a}}", "{{^}}", "{{# a}}x{{/ a}}", "{{ # a}}", "{{\n a \n}}"),
    *("\\{{a}} \\\\{{a}} \\\\\\{{a}}", "{{a}} {{! }} x", "{{#with o}}{{p}}{{#with q}}{{../../b}}{{/with}}{{/with}}"),
    *("{{&a}}{{{a}}}", "{{#each s}}x{{else}}none{{/each}}", "{{#each b}}x{{/each}}", "{{f}} {{neg}} {{l}} {{nested}}"),
    *(
        "{{^l}}none{{else}}{{a}},{{/l}}",
        "{{^c}}none{{else}}some{{/c}}",
        "{{a}}}}",
        "{{a~}}\n x",
        "{{b.length}}|{{s.[1]}}",
    ),
)


@pytest.mark.usefixtures("handlebars")
def test_these_templates_are_shown_alike() -> None:
    different = []
    for source, theirs in zip(LISTED, filled_by_handlebars([*LISTED]), strict=True):
        ours = filled_by_us(source)
        if ours[0] != theirs[0] or (ours[0] and ours[1] != theirs[1]):
            different.append((source, theirs, ours))
    assert different == []
