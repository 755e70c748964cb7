"""Collects the wheels of the stack's image: this project's own, and what it needs at run time, as locked.

The lock covers every extra and every Python; the image needs a part of it, for a Python that may be older than ours in
its last number (Debian's is 3.11.2), so the markers are judged for that one. What was collected before is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOTS = Path(__file__).with_name("requirements.in")


def locked(lock: Path) -> dict[NormalizedName, list[str]]:
    """The lines of each requirement in the lock, hashes included; several where markers choose between versions."""
    found: dict[NormalizedName, list[str]] = {}
    for block in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8")):
        name = re.match(r"[A-Za-z0-9._-]+", block)
        if name:
            found.setdefault(canonicalize_name(name[0]), []).append(block.strip())
    return found


def requirement(block: str) -> Requirement:
    return Requirement(block.split("\\", maxsplit=1)[0].split("--hash", maxsplit=1)[0].strip())


def needs(name: NormalizedName, extras: frozenset[str], environment: dict[str, str]) -> Iterator[Requirement]:
    """What a distribution requires in the image, by the metadata of the one that is installed here."""
    try:
        said = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return  # a marker keeps it from this Python, not from the image's; those are small and need nothing
    for line in said:
        wanted = Requirement(line)
        if wanted.marker is None or any(
            wanted.marker.evaluate({**environment, "extra": extra}) for extra in extras or {""}
        ):
            yield wanted


def selection(lock: Path, *, python: str) -> list[str]:
    """The blocks of the lock that the image installs."""
    environment = {str(k): str(v) for k, v in default_environment().items()} | {"python_full_version": python}
    known = locked(lock)
    todo = [Requirement(line) for line in ROOTS.read_text(encoding="utf-8").split("\n") if line and line[0] != "#"]
    chosen: dict[NormalizedName, str] = {}
    seen: set[tuple[NormalizedName, frozenset[str]]] = set()
    while todo:
        wanted = todo.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for block in known.get(name, []):
            marker = requirement(block).marker
            if marker is None or marker.evaluate(environment):
                chosen[name] = block
        if name not in chosen:
            sys.exit(f"error: {name} is not in {lock}; `make lock` renews it")
        todo += needs(name, extras, environment)
    return [chosen[name] for name in sorted(chosen)]


def without_marker(block: str) -> str:
    """The block as pip takes it here: the marker was judged for the image's Python."""
    return re.sub(r"\s*;[^\\\n]*", " ", block, count=1)


def run(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: `{words[0]} {words[1]}` failed:\n{(done.stderr or done.stdout).strip()[-1500:]}")


def main() -> None:
    """Fills a directory with the wheels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="the full version of the image's Python")
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--lock", type=Path, default=Path("requirements.lock"))
    options = parser.parse_args()
    if options.python.split(".")[:2] != [str(part) for part in sys.version_info[:2]]:
        sys.exit(f"error: the image has Python {options.python}, we {sys.version.split()[0]}: wheels would not fit")
    text = "\n".join(without_marker(block) for block in selection(options.lock, python=options.python)) + "\n"
    options.into.mkdir(parents=True, exist_ok=True)
    stamp = options.into / "requirements.txt"
    recipe = f"# {hashlib.sha256(text.encode()).hexdigest()}\n{text}"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != recipe:
        for stale in options.into.iterdir():
            stale.unlink()
        pending = options.into / "pending.txt"
        pending.write_text(recipe, encoding="utf-8")
        run("pip", "wheel", "--quiet", "--no-deps", "--require-hashes", "-r", str(pending), "-w", str(options.into))
        pending.rename(stamp)
    for own in options.into.glob("messaging_harness-*.whl"):
        own.unlink()
    run("hatchling", "build", "-t", "wheel", "-d", str(options.into))
    print(f"{len(list(options.into.glob('*.whl')))} wheels for Python {options.python} in {options.into}")


if __name__ == "__main__":
    main()
