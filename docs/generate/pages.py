"""What is put into pages: the generated parts by name, and the pages of the checkout that the site has too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from posixpath import relpath
from typing import Final

from docs.generate import checks, commands, events, profile

ROOT: Final = Path(__file__).resolve().parents[2]
MARK: Final = re.compile(
    r"<!-- generated: ([a-z-]+) -->\n(?:(?:(?!<!-- generated).)*?<!-- /generated -->\n)?", re.DOTALL
)
"""Where a part is put: one that is open is filled when the site is built."""
CLOSED: Final = re.compile(r"<!-- generated: ([a-z-]+) -->\n(?:(?!<!-- generated).)*?<!-- /generated -->\n", re.DOTALL)
"""One that is closed stands in the page too, for those who read it in the checkout; a test keeps it equal."""
PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "harness": commands.harness,
    "mock-providers": commands.mock_providers,
    "messaging-stack": commands.messaging_stack,
    "profile-keys": profile.keys,
    "checks": checks.checks,
    "events": events.kinds,
}
BESIDE: Final = {
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages at the top of the checkout, and where the site has them."""
LINK: Final = re.compile(r"(\]\()([^)#\s]+\.md)((?:#[^)]*)?\))")


def filled(text: str) -> str:
    """The page with all its generated parts; raises KeyError for one that isn't known."""
    return MARK.sub(lambda mark: f"<!-- generated: {mark[1]} -->\n{PARTS[mark[1]]()}\n<!-- /generated -->\n", text)


def kept(text: str) -> str:
    """The page with those parts renewed that stand in it: the marks that are closed."""
    return CLOSED.sub(lambda mark: filled(mark[0]), text)


def relinked(text: str, *, place: str, home: str) -> str:
    """The page with its links as they must be at `place` of the site; `home` is where it stands in the checkout."""

    def link(found: re.Match[str]) -> str:
        target = found[2]
        if "://" in target:
            return found[0]
        whole = PurePosixPath(normal(home, target))
        there = BESIDE.get(str(whole)) or (str(whole.relative_to("docs")) if whole.is_relative_to("docs") else "")
        return f"{found[1]}{relpath(there, str(PurePosixPath(place).parent))}{found[3]}" if there else found[0]

    return LINK.sub(link, text)


def normal(home: str, target: str) -> str:
    return relpath(str(PurePosixPath(home).parent / target), ".")
