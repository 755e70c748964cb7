"""The mocks' page in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from twilio.rest import Client

from mock_providers.client import MockProviders, SendGrid, Twilio
from mock_providers.process import server_process

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
BROWSER_MS = 10_000


@pytest.fixture(scope="module")
def mocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockProviders]:
    with (
        server_process(journal=tmp_path_factory.mktemp("page") / "journal.jsonl") as url,
        MockProviders(url) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def page(mocks: MockProviders, chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page(viewport={"width": 1400, "height": 860})
    opened.set_default_timeout(BROWSER_MS)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("request", lambda request: request.url.startswith("http://127.0.0.1:") or problems.append(request.url))
    yield opened
    opened.close()
    assert problems == []


@pytest.fixture
def twilio(mocks: MockProviders) -> Twilio:
    return mocks.twilio(lifecycle="manual")


@pytest.fixture
def sendgrid(mocks: MockProviders) -> SendGrid:
    return mocks.sendgrid(lifecycle="manual")


def send(account: Twilio, body: str, **params: str) -> str:
    form = {"To": "+15552340001", "From": "+15552340002", "Body": body} | params
    path = f"/2010-04-01/Accounts/{account.account_sid}/Messages.json"
    answer = account.server.http.post(path, data=form, auth=(account.account_sid, account.auth_token))
    return str(answer.json().get("sid"))


def mail(account: SendGrid, **changes: object) -> httpx.Response:
    payload = {
        "personalizations": [{"to": [{"email": "ada@example.com"}], "substitutions": {"-name-": "Ada"}}],
        "from": {"email": "from@example.com"},
        "subject": "Hello -name-",
        "content": [
            {"type": "text/plain", "value": "Plain -name-"},
            {
                "type": "text/html",
                "value": "<h1 style='color:teal'>Rich -name-</h1><script>document.title='x'</script>",
            },
        ],
        "attachments": [{"filename": "a.txt", "content": "aGVsbG8=", "type": "text/plain"}],
    } | changes
    return account.server.http.post(
        "/v3/mail/send", json=payload, headers={"Authorization": f"Bearer {account.api_key}"}
    )


def test_a_call_appears_live_and_its_story_is_told(page: Page, mocks: MockProviders, twilio: Twilio) -> None:
    page.goto(mocks.url)
    expect(page.locator("#live.on")).to_be_attached()
    sid = send(twilio, "hello ✓ from the page test", StatusCallback="http://127.0.0.1:9/status")
    row = page.locator(".row", has_text="hello ✓ from the page test")
    expect(row).to_contain_text("201")
    row.click()
    story = page.locator("#story")
    expect(story.locator(".bubble")).to_have_text("hello ✓ from the page test")
    expect(story.locator(".segments")).to_contain_text("1 segment · UCS-2 · 26 units")
    expect(story).to_contain_text(sid)
    twilio.status(sid, "delivered")
    expect(story).to_contain_text("Webhook sent: delivered")
    expect(story).to_contain_text("The stack answered: nothing")


def test_what_happens_while_a_story_is_drawn_is_in_it(page: Page, mocks: MockProviders, twilio: Twilio) -> None:
    sid = send(twilio, "drawn meanwhile", To="+15552340077", StatusCallback="http://127.0.0.1:9/status")
    page.goto(mocks.url)
    expect(page.locator("#live.on")).to_be_attached()

    def answer_late(route: Route) -> None:
        """The page asked before the webhook went out, and gets that answer after it saw the webhook live."""
        before = route.fetch()
        twilio.status(sid, "delivered")
        expect(page.locator(".row", has_text="↩ status").filter(has_text="0077")).to_contain_text("no answer")
        route.fulfill(response=before)

    page.route(f"**/_mock/calls?message={sid}*", answer_late, times=1)
    page.locator(".row", has_text="drawn meanwhile").click()
    expect(page.locator("#story")).to_contain_text("The stack answered: nothing")


def test_words_and_failures_are_searched_live(page: Page, mocks: MockProviders, twilio: Twilio) -> None:
    send(twilio, "Needle one")
    send(twilio, "needle two", To="nonsense")
    page.goto(mocks.url)
    page.keyboard.press("/")
    page.keyboard.type("NEEDLE")
    expect(page.locator(".row")).to_have_count(2)
    page.locator("#search").fill("two 21211")
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator("#live.on")).to_be_attached()
    send(twilio, "needle two again", To="nowhere")
    send(twilio, "needle two which fits no code")
    expect(page.locator(".row")).to_have_text([re.compile("needle two again"), re.compile("needle two")])
    page.locator("#search").fill("needle")
    page.locator("#failed").check()
    expect(page.locator(".row")).to_have_count(2)
    sid = send(twilio, "needle three", StatusCallback="http://127.0.0.1:9/status")
    send(twilio, "needle four", To="nonsense")
    page.locator("#search").fill("")
    expect(page.locator(".row").first).to_contain_text("needle four")
    # a webhook fails only when nobody answers it, and comes in then
    twilio.status(sid, "delivered")
    expect(page.locator(".row").first).to_contain_text("no answer")
    page.locator("#search").fill("needle in no haystack")
    expect(page.locator("#unfound")).to_be_visible()
    expect(page.locator("#empty")).to_be_hidden()


def test_a_mail_is_rendered_in_a_sandbox(page: Page, mocks: MockProviders, sendgrid: SendGrid) -> None:
    assert mail(sendgrid).status_code == 202
    page.goto(mocks.url)
    page.locator(".row", has_text="ada@example.com").first.click()
    story = page.locator("#story")
    expect(story).to_contain_text("Hello Ada")
    expect(story).to_contain_text("Plain Ada")
    frame = page.frame_locator("#story iframe")
    expect(frame.locator("h1")).to_have_text("Rich Ada")
    assert page.locator("#story iframe").get_attribute("sandbox") == ""
    assert page.title() == "Mock providers"
    with page.expect_download() as download:
        page.locator("#story a", has_text="a.txt").click()
    assert Path(download.value.path()).read_bytes() == b"hello"


def test_the_keyboard_moves_through_the_list(page: Page, mocks: MockProviders, twilio: Twilio) -> None:
    send(twilio, "older")
    send(twilio, "newer")
    page.goto(mocks.url)
    expect(page.locator(".row").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#story .bubble")).to_have_text("newer")
    page.keyboard.press("j")
    expect(page.locator("#story .bubble")).to_have_text("older")


def test_the_buttons_act(page: Page, mocks: MockProviders, twilio: Twilio) -> None:
    sid = send(twilio, "for the buttons")
    page.goto(mocks.url)
    page.locator(".row", has_text="for the buttons").click()
    page.get_by_role("button", name="Status").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Message SID")).to_have_value(sid)
    dialog.get_by_label("Status", exact=True).select_option("delivered")
    dialog.get_by_role("button", name="Status").click()
    expect(dialog.locator("output")).to_contain_text("no StatusCallback")
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Fault").click()
    dialog.get_by_label("HTTP status").fill("429")
    dialog.get_by_role("button", name="Fault").click()
    expect(dialog.locator("output")).to_contain_text("Done.")
    page.keyboard.press("Escape")
    assert [one["status"] for one in mocks.request("GET", "/faults")["faults"]] == [429]
    page.get_by_role("button", name="Reset").click()
    dialog.get_by_role("button", name="Forget").click()
    expect(dialog.locator("output")).to_contain_text("Done.")
    page.keyboard.press("Escape")
    assert twilio.calls() == []
    assert mocks.request("GET", "/faults")["faults"] == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_control_planes_page_fits(chromium: Browser, mocks: MockProviders, width: int) -> None:
    own = chromium.new_page(viewport={"width": width, "height": 700})
    own.goto(f"{mocks.url}/_mock/docs")
    assert own.evaluate("document.documentElement.scrollWidth") == width
    own.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_not_here_is_told_live(chromium: Browser, mocks: MockProviders, twilio: Twilio, width: int) -> None:
    mocks.request("POST", "/reset", json={})
    own = chromium.new_page(viewport={"width": width, "height": 700})
    own.set_default_timeout(BROWSER_MS)
    own.goto(mocks.url)
    expect(own.locator("#live")).to_have_text("live")
    button = own.get_by_role("button", name="Not here")
    expect(button).to_be_hidden()
    for path in (f"/2010-04-01/Accounts/{twilio.account_sid}/Calls.json", "/v1/" + "/".join(["Assistants"] * 11)):
        mocks.http.post(path, auth=(twilio.account_sid, twilio.auth_token))
    expect(button).to_have_text("Not here (2)")
    expect(own.locator("#rows")).to_contain_text("POST /v1/Assistants")
    button.click()
    dialog = own.get_by_role("dialog")
    expect(dialog.get_by_role("row", name="1 POST /2010-04-01/Accounts/{sid}/Calls.json")).to_be_visible()
    assert dialog.evaluate(OVERFLOW) == []
    dialog.get_by_role("button", name="Close").click()
    own.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_whatsapp_and_verify_are_told(chromium: Browser, mocks: MockProviders, twilio: Twilio, width: int) -> None:
    client = Client(twilio.account_sid, twilio.auth_token)
    client.verify.base_url = mocks.url
    own = chromium.new_page(viewport={"width": width, "height": 844})
    own.set_default_timeout(BROWSER_MS)
    own.goto(f"{mocks.url}")
    expect(own.locator("#live.on")).to_be_attached()
    own.locator("#account").focus()
    own.locator("#account").select_option(twilio.account_sid)
    story = own.locator("#story")

    own.get_by_role("button", name="Inbound").click()
    dialog = own.get_by_role("dialog")
    dialog.get_by_label("Account").select_option(label=f"twilio: {twilio.account_sid}")
    dialog.get_by_label("From", exact=True).fill("whatsapp:+15552340001")
    dialog.get_by_label("To", exact=True).fill("whatsapp:+15552340002")
    dialog.get_by_label("Profile name").fill("Ada")
    dialog.get_by_label("Tapped button").fill("Yes, please")
    dialog.get_by_label("URL").fill("http://127.0.0.1:9/inbound")
    dialog.get_by_role("button", name="Inbound").click()
    expect(dialog.locator("output")).to_contain_text("Cannot connect")
    dialog.get_by_role("button", name="Close").click()
    row = own.locator(".row", has_text="inbound")
    expect(row.locator(".tag")).to_have_text("W")
    row.click()
    expect(story).to_contain_text("Ada tapped “Yes, please”")

    send(twilio, "", To="whatsapp:+15552340001", From="whatsapp:+15552340002", ContentSid="HX" + "0" * 32)
    own.locator(".row", has_text="messages.create").click()
    expect(story.locator(".bubble")).to_have_text("Template HX" + "0" * 32)

    service = client.verify.v2.services(client.verify.v2.services.create(friendly_name="Acme").sid)
    service.verifications.create(to="+15552340001", channel="sms")
    own.locator(".row", has_text="verify.verifications").click()
    [sent] = twilio.calls(type="verification.sent")
    expect(story).to_contain_text(f"Code {sent['code']} sent by sms")
    for code, said in (("wrong0", "The code was wrong"), (sent["code"], "The code was right: approved")):
        service.verification_checks.create(to="+15552340001", code=code)
        expect(story).to_contain_text(said)
    expect(own.locator(".row")).to_have_count(6)  # and none for what is no call: that a code was sent, and checked
    assert own.evaluate("document.documentElement.scrollWidth") == width
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        own.screenshot(path=f"{folder}/mocks-verify-{width}.png")
    own.close()


OVERFLOW = """box => [...box.querySelectorAll(":not(option)"), box].filter((one) => {
  const outer = box.getBoundingClientRect(), inner = one.getBoundingClientRect();
  return inner.left < outer.left || inner.right > outer.right || (one === box && one.scrollWidth > one.clientWidth);
}).map((one) => one.outerHTML.slice(0, 80))"""
"""What of an element reaches over its left or right side."""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (390, 480)])
def test_dialogs_fit(chromium: Browser, mocks: MockProviders, twilio: Twilio, width: int, height: int) -> None:
    mocks.sendgrid(name=f"a-long-name-{width}-{height}-".ljust(100, "x"), lifecycle="manual")
    sid = send(twilio, "long " * 200, StatusCallback="http://127.0.0.1:9/status")
    own = chromium.new_page(viewport={"width": width, "height": height})
    own.set_default_timeout(BROWSER_MS)
    own.goto(mocks.url)
    own.locator(".row", has_text="messages.create").first.click()
    expect(own.locator("#story")).to_contain_text(sid)
    assert own.evaluate("document.documentElement.scrollWidth") == width
    dialog = own.get_by_role("dialog")
    for kind in ("Inbound", "Status", "Event", "Fault", "Reset"):
        own.get_by_role("button", name=kind, exact=True).click()
        expect(dialog.get_by_role("heading")).to_be_visible()
        for field in dialog.locator("input, textarea").all():
            field.fill("nonsense-" * 60)
        dialog.locator("button[type=submit]").click()
        expect(dialog.locator("output")).not_to_be_empty()
        box = dialog.bounding_box()
        assert box is not None
        assert box["x"] >= 0, kind
        assert box["y"] >= 0, kind
        assert box["x"] + box["width"] <= width, kind
        assert box["y"] + box["height"] <= height, kind
        assert dialog.evaluate(OVERFLOW) == [], kind
        # the buttons stay in sight, however many fields there are
        expect(dialog.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)
        dialog.get_by_role("button", name="Close").click()
    own.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes(page: Page, mocks: MockProviders, twilio: Twilio, sendgrid: SendGrid, scheme: str) -> None:
    sid = send(twilio, "Your parcel is on its way 📦", StatusCallback="http://127.0.0.1:9/status")
    send(twilio, "refused", To="nonsense")
    mail(sendgrid)
    twilio.status(sid, "sent")
    page.emulate_media(color_scheme=scheme)
    page.goto(mocks.url)
    page.locator(".row", has_text="parcel").first.click()
    expect(page.locator("#story")).to_contain_text("Webhook sent: sent")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(18, 21, 27)") == (scheme == "dark")
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/mocks-{scheme}.png")
        page.locator(".row", has_text="ada@example.com").first.click()
        expect(page.frame_locator("#story iframe").locator("h1")).to_be_visible()
        page.screenshot(path=f"{folder}/mocks-mail-{scheme}.png")


def test_a_hundred_thousand_calls(page: Page, mocks: MockProviders, tmp_path: Path) -> None:
    from mock_providers.journal.lines import seal

    entry = {
        "type": "called", "provider": "twilio", "account": "AC", "endpoint": "messages.create", "method": "POST",
        "path": "/x", "to": ["+15552340001"], "from": "+15552340002", "peer": "", "headers": {}, "params": {},
    }  # fmt: skip
    journal = tmp_path / "journal.jsonl"
    with journal.open("wb") as file:
        for seq in range(1, 100_001):
            line = {"seq": seq, "at": 1_700_000_000 + seq / 100, **entry, "call": seq, "text": f"message {seq}"}
            if seq == 101:
                line |= {"type": "answered", "call": 100, "text": None, "status": 400, "error": 21211, "elapsed_ms": 1}
            file.write(seal(json.dumps(line, separators=(",", ":")).encode()))
    with server_process(journal=journal) as url:
        page.goto(url)
        expect(page.locator(".row").first).to_contain_text("message 100000")
        # it stays fast because it shows the newest and leaves the rest with the server
        expect(page.locator(".row")).to_have_count(200)
        page.locator("#search").fill("Message 54321")
        expect(page.locator(".row")).to_have_count(1)
        page.locator("#search").fill("")
        page.locator("#failed").check()
        # the only one that failed is far below the rows that were loaded
        expect(page.locator(".row")).to_have_count(1)
        expect(page.locator(".row")).to_contain_text("message 100")
