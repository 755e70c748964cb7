"""The HTML report in a browser: every test of a run, with its steps and its timeline, and nothing from elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.xdist_group("allure"), pytest.mark.unmeasured]
ROOT = Path(__file__).resolve().parents[2]
CHECKS = ("asynchronous", "webhooks")
HISTORY = "allure-history.jsonl"


@dataclass(frozen=True)
class Run:
    """A verification, its report, and what the verdicts say is in it."""

    build: Path

    @property
    def scenarios(self) -> list[str]:
        table = json.loads((self.build / "verify" / "verdicts.json").read_text(encoding="utf-8"))
        # the whole record is judged after the last test, and is none itself
        return sorted({line["scenario"] for line in table["checks"] if line["check"] != "whole-record"})

    @property
    def results(self) -> list[dict[str, Any]]:
        paths = (self.build / "allure-results").glob("*-result.json")
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]

    def page_of(self, test: str) -> str:
        """Where the report shows a test, by its own data."""
        for path in (self.build / "allure-report" / "data" / "test-results").glob("*.json"):
            table = json.loads(path.read_text(encoding="utf-8"))
            if table["name"] == test:
                return f"#{table['id']}"
        raise AssertionError(f"{test} is not in the report")


def verified(place: Path, *options: str, code: int) -> Run:
    for words, expected in ((["verify", *options], code), (["report"], 0)):
        command = [sys.executable, "-m", "harness", words[0], "--build", str(place / "verify"), *words[1:]]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == expected, done.stdout + done.stderr
    return Run(place)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on two stacks side by side."""
    checks = [word for name in CHECKS for word in ("--check", name)]
    return verified(tmp_path_factory.mktemp("good"), "-n", "2", *checks, code=0)


@pytest.fixture(scope="module")
def bad(good: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A later run, against a stack that does the work while it answers."""
    place = tmp_path_factory.mktemp("bad")
    shutil.copy(good.build / HISTORY, place / HISTORY)
    return verified(place, "--check", "asynchronous", "--stack-env", "SYNC_MESSAGE_PROCESSING=true", code=1)


Served = Callable[[Path], AbstractContextManager[str]]


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1400, "height": 1600})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def titles(steps: list[dict[str, Any]]) -> list[str]:
    return [title for step in steps for title in (step["name"], *titles(step.get("steps", [])))]


def test_every_test_is_there_once_also_from_two_stacks(
    good: Run, chromium: Browser, served: Served, page: Page
) -> None:
    assert sorted(result["name"] for result in good.results) == good.scenarios
    assert len({result["historyId"] for result in good.results}) == len(good.results)
    with served(good.build / "allure-report") as address:
        page.goto(address)
        expect(page.get_by_text("Total").first).to_be_visible()
        for name in good.scenarios:
            shown = page.get_by_text(name, exact=True)
            if shown.count() == 0:  # groups of which all passed are folded
                for check in CHECKS:
                    page.get_by_text(check, exact=True).first.click()
            expect(shown).to_have_count(1)


def test_every_test_has_steps_and_a_timeline(good: Run) -> None:
    for result in good.results:
        steps = result["steps"]
        said = titles(steps)
        assert any(title.startswith(("send ", "deliver ", "wait ", "judge ")) for title in said), result["name"]
        evidence = [step for step in steps if step["name"].startswith("evidence of ")]
        assert evidence, (result["name"], said)
        for step in evidence:
            assert {"timeline", "flow"} <= {attached["name"] for attached in step["attachments"]}
        assert all(parameter["value"][:1] in "'0123456789" for parameter in result.get("parameters", []))


def test_nothing_comes_from_another_host(good: Run, served: Served, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with served(good.build / "allure-report") as address:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert asked
        assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_failing_test_shows_its_steps_verdict_and_timeline(
    bad: Run, chromium: Browser, served: Served, scheme: Any
) -> None:
    name = "test_held_workers_leave_it_pending[sms]"
    context = chromium.new_context(viewport={"width": 1400, "height": 1600}, color_scheme=scheme)
    page = context.new_page()
    with served(bad.build / "allure-report") as address:
        page.goto(address + bad.page_of(name))
        expect(page.get_by_text("Category: fail: the record proves that the stack is wrong")).to_be_visible()
        for title in ("hold worker", "judge asynchronous: fail"):
            expect(page.get_by_text(title, exact=True).first).to_be_visible()
        page.get_by_text("evidence of sms").first.click()
        page.get_by_text("timeline", exact=True).first.click()
        frame = page.frame_locator("iframe[title='HTML attachment']")
        expect(frame.locator("th.lane")).to_have_text(["api", "queue", "database", "worker", "provider", "callback"])
        expect(frame.locator("p.fail")).to_contain_text("a provider was called while every worker was held")
        expect(frame.locator("td.c.worker.s").first).to_be_visible()
        witness = frame.locator("tr.w", has_text="provider.called")
        expect(witness).to_have_count(1)
        details = witness.locator("pre")
        expect(details).to_be_hidden()
        witness.locator("td.said").focus()
        expect(details).to_be_visible()
        expect(details).to_contain_text('"provider": "twilio"')
        ink, paper = (frame.locator("body").evaluate(f"e => getComputedStyle(e).{name}") for name in COLOURS)
        assert (sum(rgb(ink)) > sum(rgb(paper))) == (scheme == "dark")
    context.close()


COLOURS = ("color", "backgroundColor")


def rgb(colour: str) -> list[int]:
    return [int(float(part)) for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]


def test_the_history_of_earlier_runs_is_kept(good: Run, bad: Run, served: Served, page: Page) -> None:
    assert [len((run.build / HISTORY).read_text(encoding="utf-8").splitlines()) for run in (good, bad)] == [1, 2]
    with served(bad.build / "allure-report") as address:
        page.goto(address + bad.page_of("test_held_workers_leave_it_pending[sms]"))
        tab = page.get_by_test_id("test-result-tab-history")
        expect(tab).to_contain_text("1")
        tab.click()
        expect(page.get_by_test_id("test-result-history-item")).to_have_count(1)
