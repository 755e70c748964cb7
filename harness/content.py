"""Where the content stands that people read, copy and edit: beside the package, or inside it once it is installed."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError

PACKAGE = Path(__file__).parent
INSTALLED = PACKAGE / "_content"
"""The wheel puts the folders there."""
REFERENCE = Path("reference")
"""The name, and no path, of the profile that comes along: `content("harness.toml")`."""


def content(*parts: str) -> Path:
    """A file or folder of the content, such as `content("scenarios")`; raises UsageError where it isn't there."""
    root = INSTALLED if INSTALLED.is_dir() else PACKAGE.parent
    path = root.joinpath(*parts)
    if not path.exists():
        raise UsageError(f"{path} is missing from the installation; install messaging-harness again")
    return path
