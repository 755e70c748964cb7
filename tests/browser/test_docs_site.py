"""The docs site in a browser: whole without anything from elsewhere, as wide as its window, found by its search."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

ROOT = Path(__file__).resolve().parents[2]
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="the extra `docs` isn't installed")
    place = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(place)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=120)
    return place


@pytest.fixture(scope="module")
def address(pages: Path, served: Callable[[Path], Any]) -> Iterator[str]:
    with served(pages) as url:
        yield url


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_page_fits_and_is_whole(chromium: Browser, pages: Path, address: str, width: int, scheme: Any) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    found = sorted(path.relative_to(pages).as_posix() for path in pages.rglob("*.html"))
    wide = {}
    for name in found:
        page.goto(address + name)
        wide[name] = page.evaluate(TOO_WIDE)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()
    assert len(found) > 20
    assert {name: over for name, over in wide.items() if over > 0} == {}
    assert [url for url in asked if not url.startswith(address)] == []
    assert (background == "rgb(255, 255, 255)") is (scheme == "light")


def test_a_key_of_the_profile_is_found_by_the_search(chromium: Browser, address: str) -> None:
    page = chromium.new_page()
    page.goto(address + "index.html")
    typed = page.locator("input.md-search__input")
    typed.click()
    # before the index is read nothing is found, and afterwards it is keys that begin a search, not a value that is set
    expect(page.locator(".md-search-result__meta")).to_have_text("Type to start searching")
    typed.press_sequentially("finish_first")
    found = (
        page.locator(".md-search-result__item h1")
        .filter(has_text="The profile’s keys")
        .or_(page.locator(".md-search-result__item h1").filter(has_text="The profile's keys"))
    )
    expect(found.first).to_be_visible()
    page.close()
