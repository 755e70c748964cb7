"""A virtual environment for each peer, below `build/`: what one of them needs, another refuses."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from benchmarks.queue_workers.contenders import Contender

BUILD = Path("build/bench-workers").absolute()
INSTALLS_WITHIN_S = 600.0


class Absent(Exception):
    """Why a peer can't be measured here."""


def programs(peer: Contender) -> Path:
    """The folder of its environment's programs, installed where that isn't done yet; Absent where it can't be."""
    place = BUILD / "peers" / peer.name
    done = place / ".ready"
    wanted = hashlib.sha256(" ".join((sys.version, *peer.needs)).encode()).hexdigest()
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        done.unlink(missing_ok=True)
        _run([sys.executable, "-m", "venv", "--clear", str(place)], peer)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, *peer.needs], peer)
        done.write_text(wanted, encoding="utf-8")
    return place / "bin"


def version(peer: Contender, folder: Path) -> str:
    """Which one is installed."""
    asked = f"from importlib.metadata import version; print(version({peer.tells!r}))"
    return _run([str(folder / "python"), "-c", asked], peer).strip()


def _run(command: list[str], peer: Contender) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALLS_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"{' '.join(peer.needs)} can't be installed: {error}") from error
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise Absent(f"{' '.join(peer.needs)} can't be installed: {words[0][:300]}")
    return done.stdout
