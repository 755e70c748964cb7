"""Where a server listens, told in a file: written whole, over nothing but an earlier announcement."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from mock_providers.errors import ConfigError
from mock_providers.own_files import NotPlainError, open_plain, shown

STDOUT = Path("-")
_LONGEST = 1000
_KEYS = {"host", "port", "pid"}


def check_announcement(path: Path) -> None:
    """Raises ConfigError where an announcement can't be written, or would replace what is none.

    A rename replaces whatever has the name, a device of the system too: so it is looked at before anything is made.
    """
    if path == STDOUT:
        return
    if not path.name:
        raise _refusal(path, "it is a directory")
    if not path.parent.is_dir():
        raise _refusal(path, "there is no such folder")
    try:
        fd = open_plain(path, write=False)
    except NotPlainError as error:
        raise _refusal(path, error.why) from None
    if fd is None:
        return
    with open(fd, "rb") as file:  # noqa: PTH123  # reason: what was looked at, not a path
        held = file.read(_LONGEST + 1)
    if held and not _is_one(held):
        raise _refusal(path, "it holds something else, and is left as it is")


def write_announcement(path: Path, *, host: str, port: int) -> None:
    """Writes where the server listens, so that a reader sees all of it or nothing; "-" is standard output."""
    text = json.dumps({"host": host, "port": port, "pid": os.getpid()})
    if path == STDOUT:
        print(text, flush=True)
        return
    check_announcement(path)
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError as error:
        raise _refusal(path, str(error.strerror)) from None


def _is_one(held: bytes) -> bool:
    try:
        said = json.loads(held)
    except ValueError:
        return False
    return isinstance(said, dict) and set(said) == _KEYS


def _refusal(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"the announcement can't be written to {shown(path)}: {why}; give another path with --announce (- is stdout)"
    )
