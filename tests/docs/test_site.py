"""The site: built without a warning, complete, and whole without anything from elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from docs_blocks import ROOT, pages

import harness
from docs.generate.pages import CLOSED, PARTS, kept
from harness.profile.base import Section
from harness.profile.model import Profile
from harness.profile.schema import models, schema

FETCHED = re.compile(r"""<(?:script|img|iframe|source)\b[^>]*?\bsrc=["']?([^"'\s>]+)|<link\b([^>]*)>""")
FROM_STYLE = re.compile(r"""url\(["']?((?:https?:)?//[^)"']+)|@import""")
HREF = re.compile(r"""\bhref=["']?([^"'\s>]+)""")
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; strict, so that a broken link or anchor of the docs ends the build."""
    pytest.importorskip("mkdocs", reason="the extra `docs` isn't installed")
    place = tmp_path_factory.mktemp("site") / "docs"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(place)],
        cwd=ROOT,
        # Material's makers announce their next project; that is no warning about these pages
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "WARNING" not in said
    return place


pytestmark = pytest.mark.xdist_group("docs-site")  # so that it is built once


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    assert list(fetched(site)) == []


def fetched(site: Path) -> Iterator[str]:
    """What the pages, scripts' tags and styles of a site would load from another host."""
    for page in site.rglob("*.html"):
        for source, attributes in FETCHED.findall(page.read_text(encoding="utf-8")):
            target = source or next(iter(HREF.findall(attributes)), "")
            if "canonical" not in attributes and urlsplit(target).netloc:
                yield f"{page.relative_to(site)}: {target}"
    for style in site.rglob("*.css"):
        for found in FROM_STYLE.finditer(style.read_text(encoding="utf-8")):
            yield f"{style.relative_to(site)}: {found[0]}"


def test_what_would_be_fetched_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<script src="https://cdn.example/x.js"></script><link href=//x.example/a.css>')
    (tmp_path / "b.html").write_text('<script src="assets/x.js"></script><a href="https://example.com/">x</a>')
    (tmp_path / "a.css").write_text("a { background: url(https://x.example/a.png) }")
    assert sorted(line.split(":")[0] for line in fetched(tmp_path)) == ["a.css", "a.html", "a.html"]


def test_the_search_finds_what_is_generated(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    titles = " ".join(entry["title"] for entry in index["docs"])
    for wanted in ("harness verify", "queue.appended", "worker-processed", "[queue]", "Why no sleeps"):
        assert wanted in titles


def test_every_name_of_the_public_api_is_described(site: Path) -> None:
    page = (site / "reference" / "api.html").read_text(encoding="utf-8")
    ids = set(re.findall(r'\bid="?([\w.]+)', page))
    assert [name for name in harness.__all__ if f"harness.{name}" not in ids] == []
    for method in ("send", "sending", "judge", "quiesce", "finished"):
        assert f"harness.Stack.{method}" in ids


def test_the_profiles_schema_is_published_and_takes_our_own_profiles(site: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    published = json.loads((site / "profile.schema.json").read_text(encoding="utf-8"))
    assert published == schema()
    jsonschema.validate(Profile().model_dump(exclude_unset=True), published)
    jsonschema.validate({"images": {"redis": "redis:7"}, "queue": {"dead": ""}}, published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"queue": {"strems": {}}}, published)


def test_every_key_of_the_profile_says_what_it_means() -> None:
    silent = [
        f"{model.__name__}.{name}"
        for model in models()
        for name, field in model.model_fields.items()
        if not field.description and not is_table(field.annotation)
    ]
    assert silent == []


def is_table(annotation: object) -> bool:
    return (isinstance(annotation, type) and issubclass(annotation, Section)) or "Process" in str(annotation)


def test_the_parts_that_stand_in_a_page_are_as_the_code_says() -> None:
    pages_with = [page for page in pages() if CLOSED.search(page.read_text(encoding="utf-8"))]
    assert [page.name for page in pages_with] == ["profile-keys.md"]
    for page in pages_with:
        text = page.read_text(encoding="utf-8")
        assert kept(text) == text, f"{page} has drifted from the code; renew it with `python -m docs.generate`"


@pytest.mark.parametrize("name", PARTS)
def test_each_generated_part_has_its_page(name: str) -> None:
    assert sum(f"<!-- generated: {name} -->" in page.read_text(encoding="utf-8") for page in pages()) == 1


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_from_the_top_lead_somewhere(name: str) -> None:
    """What MkDocs doesn't see: links between the checkout's own pages, and to their headings."""
    assert list(broken(ROOT / name)) == []


def broken(page: Path) -> Iterator[str]:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        parts = urlsplit(target)
        if parts.scheme:
            continue
        other = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not other.exists():
            yield f"{page.name}: {target}: no such file"
        elif parts.fragment and parts.fragment not in anchors(other):
            yield f"{page.name}: {target}: no such heading"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
