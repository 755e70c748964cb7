"""Every block of every page is run, each page from top to bottom as one session."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from docs_blocks import REASONS, ROOT, blocks, indented, pages
from docs_output import missing
from docs_session import Session

from harness.history.kinds import KINDS
from harness.history.reading import read_events

MOST_NOT_RUN = 12
"""Blocks of all pages that no test runs; whoever adds one looks for another way first."""


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    "page", [page for page in pages() if blocks(page)], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_every_block_of_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    session = Session(tmp_path)
    try:
        for block in blocks(page):
            session.run(block)
    finally:
        left = session.close()
    assert left == [], f"{page.name} leaves these running"
    assert session.unused() == []
    for history in tmp_path.glob("build/*/history.jsonl"):
        assert undeclared(history) == set()


def test_no_code_is_only_indented() -> None:
    """A fence says what is in it, so that it can be run."""
    assert {page.name: lines for page in pages() if (lines := indented(page))} == {}


def test_few_blocks_are_not_run_and_each_has_a_reason() -> None:
    reasons = Counter(
        next((known for known in REASONS if reason.startswith(known)), reason)
        for page in pages()
        for block in blocks(page)
        if (reason := block.note("not run: ")) is not None
    )
    print("not run:", ", ".join(f"{number} {reason}" for reason, number in reasons.most_common()))
    assert set(reasons) <= set(REASONS)
    assert reasons.total() <= MOST_NOT_RUN


def undeclared(history: Path) -> set[str]:
    """What a record holds and `harness.history.kinds` doesn't say."""
    found = set()
    for event in read_events(history):
        kind = KINDS[event.kind]
        source = event.source.split(" ")[0]
        if kind.sources != ("every source",) and source not in kind.sources:
            found.add(f"{event.kind} by {source}")
        if "*" not in kind.data:
            found |= {f"{event.kind}: {name}" for name in event.data if name not in kind.data}
    return found


@pytest.mark.parametrize(
    ("shown", "said", "first"),
    [
        ("PASS  62 of 62 in 1.1 s", "…\nPASS  3 of 3 in 20.5 s\n", None),
        ("a\n…\nc", "a\nb\nc", None),
        ("call of …: sent", "call of 17: sent", None),
        ("c\na", "a\nb\nc", "a"),
        ("PASS", "FAIL", "PASS"),
        ("1 lost", "0 lost, and more", "1 lost"),
    ],
)
def test_an_output_is_compared_by_its_words(shown: str, said: str, first: str | None) -> None:
    assert missing(shown, said) == first


def test_blocks_are_found_with_what_is_said_of_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '- a list\n\n  <!-- exits with 1 -->\n  ```sh title="a/b.sh"\n  make x\n  ```\n\ntext\n\n    code\n'
    )
    [block] = blocks(page)
    assert (block.language, block.title, block.text, block.line) == ("sh", "a/b.sh", "make x\n", 5)
    assert block.note("exits with ") == "1"
    assert indented(page) == [10]
