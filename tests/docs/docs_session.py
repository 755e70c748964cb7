"""A page as one session: its blocks are run from top to bottom in a directory of their own."""

from __future__ import annotations

import configparser
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from docs_blocks import REASONS, ROOT, Block
from docs_output import missing
from docs_words import unsaid

from harness.profile import Profile
from harness.profile.loading import interpolate, parse
from mock_providers.config import load_config

CHECKOUT: Final = (
    *("Makefile", "README.md", "benchmarks", "docs", "examples", "harness.toml", "images", "loadtests"),
    *("reports", "requirements.lock", "scenarios", "tests"),
)
"""What a session sees of the checkout; not the packages, so that what is run is what is installed."""
READ_UNASKED: Final = ("pyproject.toml", "pytest.ini")
"""Files that a command reads without being told."""
MARK: Final = "MESSAGING_HARNESS_DOCS_SESSION"
PORTS: Final = re.compile(r"(?<![\d.])(4010|8080)(?!\d)")
WITHIN_S: Final = 100
SETTINGS = ("ARGS", "DEPLOY", "DURATION", "N", "PROFILE", "RATE", "SHAPE", "T", "USERS")
"""The variables of the Makefile."""


class Session:
    """Runs blocks; `close` ends what they started, and tells what it was."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.said: str | None = None
        """What the last command said; None where it was shown already."""
        self.commands: list[str] = []
        self.files: list[tuple[Block, str]] = []
        self._background: list[subprocess.Popen[str]] = []
        self._ports = {"4010": free_port(), "8080": free_port()}
        for name in CHECKOUT:
            if (ROOT / name).exists():
                (directory / name).symlink_to(ROOT / name)
        (directory / "messaging-harness").symlink_to(ROOT)
        (directory / ".venv").symlink_to(sys.prefix)
        (directory / "pyproject.toml").touch()  # whatever stands in ours isn't in a user's
        ready = directory / ".ready"
        ready.touch()
        own = {
            MARK: str(directory),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "120",
            # the environment is there: nothing is installed by a target, and `pip install` only looks whether it could
            "MAKEFLAGS": f"VENV={sys.prefix} READY={ready}",
            **dict.fromkeys(("PIP_NO_DEPS", "PIP_DRY_RUN", "PIP_DISABLE_PIP_VERSION_CHECK"), "1"),
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this one the other way round: without isolation
            "MOCK_PROVIDERS_URL": f"http://127.0.0.1:{self._ports['4010']}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "PYTEST_", "MAKE"))
        }
        for name in SETTINGS:  # what the `make` that runs these tests was given isn't for those of the pages
            kept.pop(name, None)
        self._environ = {**kept, **own}

    def run(self, block: Block) -> None:
        """Runs one block as its language and the comment above it say; AssertionError where it isn't as shown."""
        reason = block.note("not run: ")
        if reason is not None:
            assert reason.startswith(REASONS), f"{block}: {reason!r} is no reason; known are {', '.join(REASONS)}"
            self.commands.append(block.text)
            return
        text = self._with_own_ports(block.text)
        if block.title is not None:
            self._write(block, text)
        match block.language:
            case "sh":
                self._command(block, text)
            case "text" if block.note("words of the checks") is not None:
                assert unsaid(text) == [], f"{block}: nothing in the harness says this"
            case "text":
                assert self.said is not None, f"{block}: shows the output of no command; say why, or put it below one"
                line = missing(text, self.said)
                assert line is None, f"{block}: this line was not said:\n{line}\nbut this was:\n{self.said}"
                self.said = None
            case "python":
                compile(text, str(block), "exec")
                if block.title is None:
                    self._command(block, f"{sys.executable} - <<'END_OF_BLOCK'\n{text}END_OF_BLOCK\n")
            case "toml":
                read_toml(block, text, self._environ)
            case "json":
                json.loads(text)
            case "ini":
                configparser.ConfigParser().read_string(text)
            case "yaml":
                self._workflow(block, text)
            case other:
                raise AssertionError(f"{block}: nobody knows how to run {other!r}; say why not in a comment above it")

    def _write(self, block: Block, text: str) -> None:
        path = self.directory / str(block.title)
        home = path.parent.resolve()
        assert home.is_relative_to(self.directory.resolve()), f"{block}: {block.title} would be written to the checkout"
        home.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")
        self.files.append((block, str(block.title)))

    def _command(self, block: Block, text: str) -> None:
        self.commands.append(text)
        until = block.note("runs on, and says: ")
        if until is not None:
            self._begin(block, text, until)
            return
        wanted = int(block.note("exits with ") or 0)
        process = self._start(text)
        try:
            self.said, _ = process.communicate(timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            raise AssertionError(f"{block}: still running after {WITHIN_S} s:\n{said}") from None
        assert process.returncode == wanted, f"{block}: exit code {process.returncode}, expected {wanted}:\n{self.said}"
        assert "does not provide the extra" not in self.said, f"{block}: {self.said}"

    def _start(self, text: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.directory,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that it can be ended with all that it started
        )

    def _begin(self, block: Block, text: str, until: str) -> None:
        """Starts what runs on, and waits until it says that it is ready."""
        process = self._start(f"exec {text.strip()}")
        self._background.append(process)
        assert process.stdout is not None
        said = []
        for line in process.stdout:  # ends when it dies
            said.append(line)
            if until in line:
                break
        else:
            raise AssertionError(f"{block}: it ended and never said {until!r}:\n{''.join(said)}")
        self.said = "".join(said)

    def _workflow(self, block: Block, text: str) -> None:
        """A CI workflow: what its steps run is run."""
        steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
        for step in steps:
            if "run" in step:
                self._command(block, str(step["run"]))

    def _with_own_ports(self, text: str) -> str:
        """The text with the ports that pages name replaced by free ones, so that pages can be run side by side."""
        return PORTS.sub(lambda found: str(self._ports[found[1]]), text)

    def unused(self) -> list[str]:
        """The files that a page has written and no command of it names, nor another file of it imports."""
        words = "\n".join(self.commands)
        return [
            f"{block}: {name} is written, and nothing uses it"
            for block, name in self.files
            if name not in READ_UNASKED and not any(part in words for part in Path(name).parts)
        ]

    def close(self) -> list[str]:
        """Ends all that the page started; what it should have stopped itself is told."""
        for process in self._background:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        left = left_running(str(self.directory))
        for pid in left:
            os.kill(pid, signal.SIGTERM)
        return list(left.values())


def read_toml(block: Block, text: str, environ: Mapping[str, str]) -> None:
    """Reads TOML by whoever reads it for a user: the profile, the mocks' configuration, or pytest."""
    table: dict[str, Any] = tomllib.loads(text)
    if "twilio" in table or "sendgrid" in table or "server" in table:
        path = Path(environ[MARK]) / ".mocks.toml"
        path.write_text(text, encoding="utf-8")
        load_config(path)
    elif "tool" not in table:
        known = {**dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "any"), **environ}
        if "name" in table:
            parse(table, source=str(block), environ=known)
        else:  # some lines of one
            Profile.model_validate(interpolate(table, source=str(block), environ=known))


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def left_running(mark: str) -> dict[int, str]:
    """The processes that carry a session's mark, once those that are just ending have had their time to."""
    found = {}
    for pid in [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]:
        try:
            told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if f"{MARK}={mark}".encode() not in told:
                continue
            handle = os.pidfd_open(pid)
        except OSError:
            continue  # it has ended, or is somebody else's
        try:
            ended, _, _ = select.select([handle], [], [], 10)  # a pidfd is readable once its process has ended
            if not ended:
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        finally:
            os.close(handle)
    return found
