"""Accounts that were made or changed over the control plane, kept beside the journal for a restart.

The file holds credentials, so only its owner may read it; the journal holds none. It says what it is; one of an
earlier version is known by its keys. A file that is neither is refused, and never written over.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mock_providers.errors import JournalError
from mock_providers.own_files import beside, open_plain, shown, sync_folder

VERSION = 1
_PROVIDERS = ("twilio/", "sendgrid/")

Settings = dict[str, Any]


class Memory:
    """Settings by account; written whole at every change, since there are few of those."""

    def __init__(self, journal: Path | None) -> None:
        self._path = beside(journal, ".accounts") if journal is not None else None
        self._kept: dict[str, Settings] = {}
        self._identity: tuple[int, ...] | None = None
        if self._path is not None:
            self._read(self._path)

    def __iter__(self) -> Iterator[tuple[str, str, Settings]]:
        """Provider, account and settings of each."""
        for key, settings in self._kept.items():
            provider, _, name = key.partition("/")
            yield provider, name, settings

    def keep(self, provider: str, name: str, settings: Settings) -> None:
        """Adds to an account's settings; raises JournalError where they can't be kept for a restart."""
        key = f"{provider}/{name}"
        self._kept[key] = self._kept.get(key, {}) | settings
        if self._path is None:
            return
        if _identity(self._path) != self._identity:
            raise JournalError(f"{shown(self._path)} was changed by others and isn't written over: move it away")
        try:
            self._write(self._path)
        except OSError as error:
            raise JournalError(
                f"{shown(self._path)} can't be written: {error.strerror}; the account is here until the server ends"
            ) from None

    def _read(self, path: Path) -> None:
        fd = open_plain(path)
        if fd is None:
            return
        with os.fdopen(fd, "rb") as file:
            identity = _identity_of(os.fstat(fd))
            text = file.read()
        # one that is empty holds nothing that could be lost
        kept = _accounts_of(text, path) if text else {}
        self._kept, self._identity = kept, identity

    def _write(self, path: Path) -> None:
        whole = {"accounts": "mock-providers", "version": VERSION, "kept": self._kept}
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            new = Path(file.name)
            try:
                json.dump(whole, file)
                file.flush()
                os.fsync(file.fileno())
                new.replace(path)
            except OSError:
                with suppress(OSError):
                    new.unlink()
                raise
        self._identity = _identity(path)
        sync_folder(path)


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        return _identity_of(os.lstat(path))
    except FileNotFoundError:
        return None


def _identity_of(found: os.stat_result) -> tuple[int, ...]:
    # the number of a deleted file is soon that of another
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _accounts_of(text: bytes, path: Path) -> dict[str, Settings]:
    """The settings that a file holds; raises JournalError if it isn't one of ours, or of a later version."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        held = None
    if isinstance(held, dict) and held.get("accounts") == "mock-providers":
        if held.get("version") != VERSION:
            raise JournalError(
                f"{shown(path)} is of version {held.get('version')}, and this program knows version {VERSION}; "
                "give another path with --journal"
            )
        kept = held.get("kept")
    else:
        kept = held or None  # an earlier version wrote the accounts alone
    if not isinstance(kept, dict) or not all(
        key.startswith(_PROVIDERS) and isinstance(settings, dict) for key, settings in kept.items()
    ):
        raise JournalError(
            f"{shown(path)} isn't a list of accounts of mock-providers, and is left as it is; "
            "move it away to start without accounts, or give another path with --journal"
        )
    return kept
