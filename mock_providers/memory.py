"""Accounts that were made or changed over the control plane, kept beside the journal for a restart.

The file holds credentials, so only its owner may read it; the journal holds none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mock_providers.errors import JournalError


class Memory:
    """Settings by account; written whole at every change, since there are few of those."""

    def __init__(self, journal: Path | None) -> None:
        self._path = journal.with_name(f"{journal.name}.accounts") if journal is not None else None
        self._kept: dict[str, dict[str, Any]] = {}
        if self._path is not None and self._path.exists():
            try:
                self._kept = json.loads(self._path.read_text())
            except (OSError, ValueError) as error:
                raise JournalError(
                    f"{self._path} can't be read: {error}; remove it to start without accounts"
                ) from None

    def __iter__(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Provider, account and settings of each."""
        for key, settings in self._kept.items():
            provider, _, name = key.partition("/")
            yield provider, name, settings

    def keep(self, provider: str, name: str, settings: dict[str, Any]) -> None:
        key = f"{provider}/{name}"
        self._kept[key] = self._kept.get(key, {}) | settings
        if self._path is None:
            return
        new = self._path.with_name(f"{self._path.name}.new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._kept, file)
        new.replace(self._path)
