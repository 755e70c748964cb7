"""What is told of a test that fails by itself, beside the record: word by word but for times and names.

`stories/naive_looks.py` has the tests, `stories/told.txt` what is told of each.
`python -m tests.plugin.test_stories` writes the latter anew, to be read before it is kept.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "stories"
TOLD = HERE / "told.txt"
SECTION = re.compile(r"^-+ what the record says -+$", re.MULTILINE)
VARYING = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b\d+\.\d+ m?s\b"), "N ms"),
    (re.compile(r"--history \S+"), "--history FILE"),
    (re.compile(r"\bSM[0-9a-f]{32}\b"), "SID"),
    (re.compile(r"\bid=\d+-\d+\b"), "id=ENTRY"),
)


@cache
def run() -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    """What pytest prints, the verdicts, and the events of the record."""
    with tempfile.TemporaryDirectory() as build:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "naive_looks.py", "--color=no"]
        options = [
            "--harness-profile=reference",
            f"--harness-build={build}/verify",
            "-o",
            "console_output_style=classic",
        ]
        done = subprocess.run([*command, *options], cwd=HERE, capture_output=True, text=True, check=False)
        verdicts = json.loads((Path(build) / "verify" / "verdicts.json").read_text(encoding="utf-8"))["checks"]
        lines = (Path(build) / "verify" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return done.stdout + done.stderr, verdicts, [json.loads(line) for line in lines]


def stories(printed: str) -> Iterator[tuple[str, str]]:
    """Each test's name, and the section under its failure."""
    for block in re.split(r"^_{3,} (?=test_)", printed, flags=re.MULTILINE)[1:]:
        name, _, rest = block.partition(" ")
        parts = SECTION.split(rest)
        text = re.split(r"^(?:=|╭)", parts[1], maxsplit=1, flags=re.MULTILINE)[0].strip() if len(parts) > 1 else ""
        for pattern, word in VARYING:
            text = pattern.sub(word, text)
        yield name, text


def kept() -> dict[str, str]:
    found = {}
    for block in TOLD.read_text(encoding="utf-8").split("---- ")[1:]:
        name, _, text = block.partition("\n")
        found[name] = text.strip()
    return found


@pytest.mark.parametrize("name", sorted(kept()))
def test_it_is_told_as_it_was(name: str) -> None:
    printed, _, _ = run()
    assert dict(stories(printed)).get(name) == kept()[name]


def test_every_naive_test_has_its_story() -> None:
    names = re.findall(r"^def (test_\w+)", (HERE / "naive_looks.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(kept()) == sorted(names)


def test_the_record_keeps_the_look_and_what_came_later() -> None:
    _, verdicts, events = run()
    look = next(e for e in events if e["kind"] == "test.looked" and e["data"]["test"].endswith("::test_looks_once"))
    line = next(v for v in verdicts if v["scenario"] == "test_looks_once" and v["name"] == "naive-looks")
    assert [one["kind"] for one in line["witnesses"]] == ["test.looked", "database.status"]
    assert line["witnesses"][0]["at"] == look["at"] < line["witnesses"][1]["at"]
    assert (look["data"]["saw"], look["data"]["wanted"]) == ("sending", "'sent'")
    assert "'sent' came" in line["reason"]


def renew() -> None:
    printed, _, _ = run()
    TOLD.write_text("".join(f"---- {name}\n{text}\n" for name, text in stories(printed)), encoding="utf-8")


if __name__ == "__main__":
    renew()
