"""All messages of a record as one page: a file that needs nothing else, sends nothing, and runs nothing that it holds.

What a record says stands in it as JSON, which no browser runs, and becomes text; only the page's own script and style,
known by their hashes, may be run and used.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from harness.content import content
from harness.errors import UsageError
from harness.keeping import advice, keep
from harness.record.opening import parts_of
from harness.record.reading import reading_of
from harness.record.scenarios import Scenario, scenarios_of
from harness.reports.page_data import MOST, PageData, overall

__all__ = ["MOST", "page", "write"]

SCRIPTS: Final = ("data.js", "view.js", "draw.js", "align.js", "panel.js", "controls.js", "main.js")
PLACE: Final = re.compile(r"\{(policy|title|style|script|data)\}")
CHUNK: Final = 512
"""Events whose details stand together, and are read together."""


def write(file: Path, source: Path, *, most: int = MOST) -> str:
    """Writes the page of the record at `source`; returns what is in it. Raises UsageError where one can't be."""
    data = read(source, most=most)
    try:
        keep(file, page(data))
    except OSError as error:
        raise UsageError(advice(error, f"the page can't be written to {file}", option="--output")) from error
    left_out = data.left_out
    return data.counts + (f"; {left_out[0].lower()}{left_out[1:]}" if left_out else "")


def read(source: Path, *, most: int = MOST) -> PageData:
    """What the page of a record holds; raises UsageError where there is no record, or none that can be read."""
    parts = parts_of(source)
    reading = reading_of(parts.history)
    if not reading.runs:
        lines = len(reading.damaged)
        raise UsageError(f"{parts.name} holds no event that can be read ({lines} lines can't); is it a record?")
    scenarios, trouble = known_scenarios(parts.verdicts)
    return PageData(
        name=parts.name,
        runs=reading.runs,
        damaged=len(reading.damaged),
        trouble=trouble,
        scenarios=scenarios,
        verdict=overall(parts.verdicts),
        most=most,
    )


def known_scenarios(verdicts: bytes | None) -> tuple[list[Scenario], str]:
    """The scenarios, and why there are none where their file is damaged: the messages can be shown all the same."""
    try:
        return scenarios_of(verdicts), ""
    except UsageError as error:
        return [], f"nothing is shown as judged: {error}"


def page(data: PageData) -> str:
    """The page as HTML."""
    script, style = own("\n".join(read_content(name) for name in SCRIPTS)), own(read_content("page.css"))
    policy = (
        f"default-src 'none'; script-src {hashed(script)}; style-src {hashed(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    table = data.table() | {"chunk": CHUNK}
    blocks = "\n".join([block("data", table), *detail_blocks(data.details)])
    values = {"policy": escape(policy), "title": escape(data.title), "style": style, "script": script, "data": blocks}
    # at once, so that nothing is looked for in what was put in
    return PLACE.sub(lambda found: values[found[1]], read_content("page.html"))


def detail_blocks(details: Sequence[str]) -> Iterator[str]:
    for number, first in enumerate(range(0, len(details), CHUNK)):
        yield block(f"details-{number}", details[first : first + CHUNK])


def block(name: str, value: Any) -> str:
    """A value as JSON that can't end the element that it stands in, nor be taken for markup."""
    text = json.dumps(value, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return f'<script type="application/json" id="{name}">{safe}</script>'


def own(text: str) -> str:
    """A script or style of the page's own; raises ValueError where it would end its element."""
    if "</" in text or "<!--" in text:
        raise ValueError("a script or style of the page holds '</' or '<!--'")
    return text


def hashed(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def read_content(name: str) -> str:
    return content("reports", "page", name).read_text(encoding="utf-8")
