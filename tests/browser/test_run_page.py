"""The page of a whole record in a browser: filtered, compared, by mouse and keys; nothing that a record says runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_record import TESTS, id_of, write
from playwright.sync_api import Browser, Page, expect

from harness.reports.run_page import write as write_page

MESSAGES = 30
ROWS = MESSAGES + 3 + 9 + 1


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("page")
    write_page(place / "page.html", write(place / "record", messages=MESSAGES))
    return place / "page.html"


def opened(chromium: Browser, file: Path, problems: list[str], **context: Any) -> Page:
    own = chromium.new_context(**{"viewport": {"width": 1400, "height": 860}, **context})
    page = own.new_page()
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: said.type in ("error", "warning") and problems.append(said.text))
    page.on("request", lambda asked: asked.url.startswith(("file:", "data:")) or problems.append(asked.url))
    page.goto(file.as_uri())
    expect(page.locator("html")).to_have_attribute("data-opened", re.compile(r"\d+"))
    return page


@pytest.fixture
def page(chromium: Browser, file: Path) -> Iterator[Page]:
    problems: list[str] = []
    own = opened(chromium, file, problems)
    yield own
    assert own.evaluate("window.ran") is None
    own.context.close()
    assert problems == []


def test_it_opens_at_what_failed(page: Page) -> None:
    expect(page.locator("#verdict")).to_have_text("FAIL")
    expect(page.locator("#shown")).to_have_text(f"{ROWS} of {ROWS} rows")
    expect(page.locator("#panel h2")).to_have_text(id_of(MESSAGES))
    expect(page.locator("#panel .verdicts")).to_contain_text("FAIL made: because of </script><script>window.ran = 1")
    expect(page.locator("#panel tbody tr")).to_have_count(9)


def test_filters_by_test_verdict_kind_and_words(page: Page) -> None:
    shown = page.locator("#shown")
    page.get_by_label("Test").select_option(label=f"{TESTS[1][0]} (fail)")
    expect(shown).to_have_text(f"3 of {ROWS} rows")
    page.get_by_label("Kind").select_option("provider.called")
    expect(shown).to_have_text(f"0 of {ROWS} rows")
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("Kind").select_option("provider.called")
    expect(shown).to_have_text(f"{MESSAGES + 9} of {ROWS} rows")
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("Verdict").select_option("fail")
    expect(shown).to_have_text(f"3 of {ROWS} rows")
    page.get_by_role("button", name="Reset").click()
    for words, number in ((id_of(7)[:13], 1), ("#t12", 1), ("ONERROR", 1), ("that_passes", MESSAGES), ("none", 0)):
        page.get_by_label("Search").fill(words)
        expect(shown).to_have_text(f"{number} of {ROWS} rows")


def test_every_thing_can_be_done_by_keys(page: Page) -> None:
    page.locator("#timeline").focus()
    heading = page.locator("#panel h2")
    page.keyboard.press("ArrowDown")
    expect(heading).to_have_text(id_of(MESSAGES + 1))
    page.keyboard.press("Home")
    expect(heading).to_have_text("the run itself")
    page.keyboard.press("n")
    expect(heading).to_have_text(id_of(MESSAGES))
    before = page.evaluate("[window.page === undefined, page.view.from, page.view.to]")
    page.keyboard.press("f")
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("page.view.span") < (before[2] - before[1]) / 10
    page.keyboard.press("0")
    assert page.evaluate("[page.view.from, page.view.to]") == before[1:]
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Lanes")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="From the send")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("zoom to the message")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("t0l")
    assert page.evaluate("page.view.tall") is True, "what is typed is no key"
    page.keyboard.press("Escape")
    expect(page.locator("#timeline")).to_be_focused()


def test_two_are_compared_up_to_the_first_difference(page: Page) -> None:
    page.locator("#timeline").focus()
    page.keyboard.press("c")
    page.keyboard.press("k")
    difference = page.locator("#panel .difference")
    expect(difference).to_have_text("First difference: provider.called twilio, messages.create, on the right alone.")
    expect(page.locator("#panel tr.first .mark")).to_have_text("»")
    expect(page.locator("#said")).to_contain_text("First difference")
    page.get_by_role("button", name="Let go").click()
    expect(difference).to_have_count(0)


def test_the_mouse_chooses_zooms_and_moves(page: Page) -> None:
    page.locator("#timeline").focus()
    page.keyboard.press("Home")
    box = page.locator("#timeline").bounding_box()
    assert box is not None
    row = box["y"] + 40 + 26 + 24 * 2.5
    page.mouse.click(box["x"] + 60, row)
    expect(page.locator("#panel h2")).to_have_text(id_of(1))
    page.mouse.dblclick(box["x"] + 60, row)
    span = page.evaluate("page.view.span")
    at = page.evaluate("page.view.x(page.data.events.at[page.data.first[page.view.chosen]])")
    page.mouse.move(box["x"] + at, row)
    expect(page.locator("#tip")).to_contain_text("api.requested")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    assert page.evaluate("page.view.span") < span
    page.mouse.wheel(0, 300)
    assert page.evaluate("page.view.scroll") > 0


def test_what_senders_wrote_is_text(page: Page) -> None:
    page.get_by_label("Test").select_option(label=f"{TESTS[2][0]} (pass)")
    page.locator("#timeline").focus()
    page.keyboard.press("Home")
    seen = []
    for number in range(9):
        expect(page.locator("#panel h2")).to_have_text(id_of(MESSAGES + 3 + number))
        page.get_by_role("button", name="provider.called").click()
        seen.append(page.locator("#panel pre").inner_text())
        page.locator("#timeline").focus()
        page.keyboard.press("ArrowDown")
    assert "</script><script>window.ran = 1</script>" in seen[0]
    assert "onerror='window.ran = 1'" in seen[2]
    assert "\\u0000" in seen[4]
    assert "right\\u202eto left\\u2066" in seen[5]
    assert "\\ud800" in seen[7]
    assert "xxx" in seen[8]
    assert max(map(len, seen)) < 3000
    assert not re.search("[\u202e\u2066\u2028\x00]", "".join(seen))
    assert page.locator("#panel img, #panel script").count() == 0


def test_a_script_that_isnt_the_pages_own_may_not_run(chromium: Browser, file: Path) -> None:
    page = opened(chromium, file, problems := [])
    refused = page.evaluate(
        """() => new Promise((done) => {
            document.addEventListener("securitypolicyviolation", (event) => done(event.violatedDirective));
            const added = document.createElement("script");
            added.textContent = "window.ran = 1";
            document.body.append(added);
        })"""
    )
    assert refused.startswith("script-src")
    assert page.evaluate("window.ran") is None
    page.context.close()
    assert all("Content Security Policy" in one for one in problems)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000, 1600])
def test_it_fits_and_can_be_read_in_both_looks(chromium: Browser, file: Path, scheme: Any, width: int) -> None:
    problems: list[str] = []
    page = opened(chromium, file, problems, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(dark)
    assert (before == "rgb(20, 23, 29)") is (scheme == "dark")
    page.locator("#timeline").focus()
    page.keyboard.press("t")
    assert page.evaluate(dark) != before
    page.keyboard.press("l")
    assert page.evaluate(UNLABELLED) == []
    page.context.close()
    assert problems == []


UNLABELLED = """[...document.querySelectorAll("button, input, select, canvas, table")].filter((one) =>
    !(one.textContent.trim() || one.ariaLabel || one.title || (one.labels && one.labels.length) || one.caption))
    .map((one) => one.outerHTML)"""
