"""What MkDocs is told while it builds: the generated parts, the checkout's own pages, the profile's schema."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files

from docs.generate.pages import BESIDE, ROOT, filled, relinked
from harness.profile.schema import PUBLISHED, text


def on_files(files: Files, *, config: Any) -> Files:
    """Adds the pages that stand at the top of the checkout, and the schema."""
    for name, place in BESIDE.items():
        files.append(File.generated(config, place, content=(ROOT / name).read_text(encoding="utf-8")))
    files.append(File.generated(config, PUBLISHED, content=text()))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Fills in what is generated, and mends links between the checkout's pages and the site's."""
    place = page.file.src_uri
    home = next((name for name, there in BESIDE.items() if there == place), f"docs/{place}")
    return relinked(filled(markdown), place=place, home=home)
