"""Whether the code can say what a page shows as a check's answer: its words are looked for in the texts of the code."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from typing import Final

from docs_blocks import ROOT

OUTCOME: Final = re.compile(r"^(pass|fail|unknown|to know:)\s+")
JOINTS: Final = ("; but not all was seen: ", "; ", ", ", ": ", " → ")
"""How the code puts an answer together from several."""
NUMBER_OR_ID: Final = re.compile(r"\d+|[0-9a-f]{8}-…|…")


def unsaid(text: str) -> list[str]:
    """The lines of an example that nothing in the harness says."""
    answers = [OUTCOME.sub("", line.strip()) for line in text.splitlines()]
    return [answer for answer in answers if not can_be_said(answer)]


def can_be_said(answer: str) -> bool:
    if NUMBER_OR_ID.fullmatch(answer) or any(known.fullmatch(answer) for known in templates()):
        return True
    counted = re.match(r"\d+ (.+)", answer)
    if counted and can_be_said(counted[1]):
        return True
    for joint in JOINTS:
        left, found, right = answer.partition(joint)
        if found and can_be_said(left) and can_be_said(right):
            return True
    return False


@functools.cache
def templates() -> tuple[re.Pattern[str], ...]:
    """Every text of the harness's code, with its variables open."""
    found = {one for path in ROOT.glob("harness/**/*.py") for one in texts(path.read_text(encoding="utf-8"))}
    return tuple(re.compile(one) for one in found)


def texts(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.escape(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else None for part in node.values]
            words = sum(len(re.findall(r"[a-z]{2,}", part)) for part in parts if part)
            if words:  # one word alone says little, so that what stands in its variable must be short
                variable = ".+" if words > 1 else "[^ ,;]+"
                yield "".join(variable if part is None else re.escape(part) for part in parts)
