"""Every verdict of a test of the checks is compared, word by word, with the page of its file (see said.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import pytest
from said import PAGES, RENEWED, Page, told

from harness.checks import Verdict, verdict

NOW: dict[str, dict[str, str]] = {}
"""What was said in this run, by file and test."""


@cache
def page(stem: str) -> Page:
    return Page(PAGES / f"{stem}.txt")


@pytest.fixture(autouse=True)
def said_as_written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails where a verdict isn't what its page says; a test that has no words there yet is left alone."""
    if hasattr(request.function, "hypothesis") or hasattr(request.module, "OWN_PAGES"):
        yield
        return
    said: list[Verdict] = []
    together = verdict.put_together

    def listening(answers: Sequence[Verdict]) -> Verdict:
        said.append(together(answers))
        return said[-1]

    monkeypatch.setattr(verdict, "put_together", listening)
    yield
    words = "\n".join(map(told, said))
    name, stem = request.node.name, request.path.stem
    if RENEWED and words:
        NOW.setdefault(stem, {})[name] = words
    elif name in page(stem).known:
        assert words == page(stem).known[name]


def pytest_sessionfinish(session: pytest.Session) -> None:
    for stem, now in NOW.items():
        page(stem).renew(now, [item.name for item in session.items if item.path.stem == stem])
