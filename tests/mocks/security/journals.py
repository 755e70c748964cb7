"""Journals as tests make, damage and read them, and whether files are as they were."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from mock_providers.journal import Filter, Journal

ROUNDS = int(os.environ.get("JOURNAL_ROUNDS", "0"))
"""How many random kills and damages are tried; 0 is the few that every run tries."""


def as_they_are(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Each file below a folder, with its bytes, kind, mode, owner and the time of its last change."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(folder.rglob("*")):
        is_ = path.lstat()
        held = str(path.readlink()) if path.is_symlink() else ""
        if stat.S_ISREG(is_.st_mode):
            held = hashlib.sha256(path.read_bytes()).hexdigest()
        changed = None if path.is_dir() else is_.st_mtime_ns
        found[str(path.relative_to(folder))] = (held, is_.st_mode, is_.st_uid, is_.st_ino, changed)
    return found


def serve(journal: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A server that ends by itself, since its journal is refused; one that serves all the same is ended."""
    command = [sys.executable, "-m", "mock_providers", "serve", "--port", "0", "--announce", "-", *options]
    with subprocess.Popen(
        [*command, "--journal", str(journal)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        if process.stdout.readline():
            process.terminate()
        out, err = process.communicate(timeout=20)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def write(path: Path, texts: list[str], **options: Any) -> None:
    """Records one call for each text, as a server does."""

    async def run() -> None:
        journal = Journal(path, **options)
        for text in texts:
            journal.append("called", "twilio", "AC", None, {"to": ["+15552340001"], "text": text})
            await journal.committed()
        journal.close()

    asyncio.run(run())


def read(path: Path, **options: Any) -> tuple[list[tuple[int, str]], dict[str, Any]]:
    """What a server shows of a journal, and what it tells of its condition."""
    journal = Journal(path, **options)
    try:
        shown = [(seq, entry["text"]) for seq, entry in journal.read(Filter()) if entry is not None]
        return shown, journal.condition.to_json()
    finally:
        journal.close()


def texts_in(path: Path) -> list[tuple[int, str]]:
    """The entries of a journal file, by nothing of ours but its form."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [(line["seq"], line["text"]) for line in lines if "seq" in line]
