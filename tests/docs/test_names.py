"""The names that README and the pages give in passing: commands, options, targets and files that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs_blocks import ROOT, pages

from docs.generate import commands

CODE = re.compile(r"`([^`\n]+)`")
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
COMMAND = re.compile(r"^(harness|mock-providers|messaging-stack) ([a-z][a-z-]+)(.*)$")
KNOWN = {
    "harness": commands.harness(),
    "mock-providers": commands.mock_providers(),
    "messaging-stack": commands.messaging_stack(),
}
FOLDERS = ("benchmarks", "docs", "examples", "harness", "images", "loadtests", "messaging_stack", "mock_providers")
FILE = re.compile(rf"^(?:{'|'.join((*FOLDERS, 'reports', 'scenarios', 'tests'))})/[\w./-]*$")
MADE = ("reports/node_modules",)
"""What isn't there until it is made."""


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_names_that_are_given_in_passing_exist(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert [word for word in CODE.findall(text) if not exists(word)] == []


def exists(word: str) -> bool:
    """Whether a command, a target or a file of the checkout is one; whatever else a word is, it isn't asked."""
    if word.startswith("make "):
        wanted = re.match(r"make ([a-z-]+)", word)
        return wanted is None or wanted[1] in TARGETS
    command = COMMAND.match(word)
    if command:
        known = sections(KNOWN[command[1]])
        options = re.findall(r"(?<!\S)--?[a-z][a-z-]*", command[3])
        inner = re.match(r" ([a-z][a-z-]+)", command[3])  # of a group of commands
        name = f"{command[1]} {command[2]}"
        told = known.get(name) or (known.get(f"{name} {inner[1]}") if inner else None)
        return told is not None and all(f"`{option}`" in told for option in options if option != "--help")
    if FILE.match(word):
        return (ROOT / word).exists() or word.startswith(MADE)
    return True


def sections(reference: str) -> dict[str, str]:
    """The reference's sections by their command."""
    return dict(re.findall(r"^### `([^`]+)`\n(.*?)(?=^### |\Z)", reference, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize(
    ("word", "there"),
    [
        ("make verify DEPLOY=containers", True),
        ("make verfy", False),
        ("harness verify --explain", True),
        ("harness verify --explian", False),
        ("harness wait", False),
        ("harness profile schema", True),
        ("harness profile schemas", False),
        ("harness/checks/rest.py", True),
        ("harness/profile.py", False),
        ("harness.toml", True),
    ],
)
def test_a_name_that_doesnt_exist_is_found(word: str, there: bool) -> None:
    assert exists(word) is there
