"""Searching the record: by words, and for failures; over all of it, a page at a time, and as it grows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import in_process
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tenants import SendGridTenant, TwilioTenant

from mock_providers import cli
from mock_providers.client import MockProviders
from mock_providers.errors import NotSeenError
from mock_providers.journal import Filter, Journal
from mock_providers.journal.pairs import ANSWER_WITHIN


def texts(tenant: TwilioTenant, **query: Any) -> list[str]:
    return [entry["text"] for entry in tenant.entries(type="called", **query)]


def test_words_are_found_in_address_sid_body_and_code(twilio: TwilioTenant) -> None:
    sid = twilio.send(Body="Your PARCEL is on its way", To="+15557770011")["sid"]
    twilio.create(Body="a parcel for nobody", To="nonsense")
    both = ["Your PARCEL is on its way", "a parcel for nobody"]
    assert texts(twilio, search="parcel") == both
    assert texts(twilio, search="  PaRcEl   WAY ") == both[:1]
    assert texts(twilio, search="way elsewhere") == []
    assert texts(twilio, search="0011 parcel") == both[:1]
    assert texts(twilio, search=sid.lower()) == texts(twilio, search=sid[:12]) == both[:1]
    assert texts(twilio, search=sid[12:]) == [], "the end of an SID is in no SID's beginning"
    assert texts(twilio, search="21211") == texts(twilio, search="nobody 400") == both[1:]
    assert texts(twilio, search="2121") == [], "a part of a code is no code"
    assert texts(twilio, search=" ") == both
    # a call and its answer are found together, whichever has the words
    assert [entry["type"] for entry in twilio.entries(search="way 201")] == ["called", "answered"]


def test_a_word_in_a_foreign_script_has_no_case_either(twilio: TwilioTenant) -> None:
    twilio.send(Body="Grüße aus ÖSTERREICH")
    assert texts(twilio, search="GRÜSSE") == []
    assert texts(twilio, search="GRÜßE österreich") == ["Grüße aus ÖSTERREICH"]


def test_a_request_for_one_message_is_found_by_its_sid(twilio: TwilioTenant) -> None:
    unknown = f"SM{'0f' * 16}"
    assert twilio.request("GET", f"/Messages/{unknown}.json").status_code == 404
    [found] = twilio.entries(search=f"{unknown} 404", type="called")
    assert found["endpoint"] == "messages.fetch"


def test_mails_are_found_by_copies_and_arguments_but_not_by_base64(sendgrid: SendGridTenant) -> None:
    people = {
        "to": [{"email": "to@example.com"}],
        "cc": [{"email": "Copy@example.com"}],
        "custom_args": {"order": "A-17"},
    }
    file = {"filename": "Invoice.pdf", "content": "aGVsbG8=", "type": "application/pdf"}
    message = sendgrid.send(personalizations=[people], attachments=[file])
    for words in ("copy@EXAMPLE.com", "a-17 202", "invoice.pdf subject", message):
        assert len(sendgrid.entries(search=words, type="called")) == 1, words
    assert sendgrid.entries(search="aGVsbG8") == []


def test_failures_are_what_got_no_whole_good_answer(twilio: TwilioTenant) -> None:
    assert twilio.entries(failed="true") == []
    sid = twilio.send(Body="good", StatusCallback="http://127.0.0.1:9/status")["sid"]
    twilio.create(Body="refused", To="nonsense")
    for fault in ({"reset": True, "times": 1}, {"webhook": {"drop": True}, "times": 1}):
        made = twilio.http.post("/_mock/faults", json={"match": {"account": twilio.sid}, **fault})
        assert made.status_code == 201, made.text
    with pytest.raises(httpx.TransportError):
        twilio.create(Body="reset")
    for status in ("sent", "delivered"):
        twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{sid}/status", json={"status": status})
    found = [(entry["type"], entry.get("text") or entry.get("kind")) for entry in twilio.entries(failed="true")]
    assert found == [
        ("called", "refused"), ("answered", None), ("called", "reset"), ("answered", None),
        ("callback.dropped", "status"), ("callback.sent", "status"), ("callback.answered", "status"),
    ]  # fmt: skip
    assert texts(twilio, failed="true", search="21211") == ["refused"]
    assert len(texts(twilio, failed="false")) == 3


def test_a_follower_is_told_of_a_call_when_it_fails(twilio: TwilioTenant) -> None:
    query = {"account": twilio.sid, "failed": "true"}
    with twilio.http.stream("GET", "/_mock/follow", params=query) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": following"
        with httpx.Client(base_url=twilio.http.base_url) as other:
            tenant = TwilioTenant(other, twilio.sid, twilio.token)
            tenant.send()
            tenant.create(To="nonsense")
        told = json.loads(next(line for line in lines if line.startswith("data: ")).removeprefix("data: "))
    # both were recorded in one turn of the server, so the follower has the call with its answer already
    assert (told["type"], told["to"]) == ("called", ["nonsense"])


def test_a_wait_takes_words_and_says_which_were_seen(twilio: TwilioTenant) -> None:
    twilio.send(Body="hello ada")
    with MockProviders(str(twilio.http.base_url)) as mocks:
        [seen] = mocks.wait(account=twilio.sid, search="ADA 201", type="answered", within=5)
        assert seen["status"] == 201
        with pytest.raises(NotSeenError) as missed:
            mocks.wait(account=twilio.sid, search="hello bob", failed="true", within=0.01)
    assert "search: wanted 'hello bob', saw ['hello']" in str(missed.value)
    assert "failed: wanted True, saw False" in str(missed.value)


def test_what_failed_can_be_is_said(http: httpx.Client) -> None:
    response = http.get("/_mock/calls", params={"failed": "perhaps"})
    assert (response.status_code, response.json()["error"]) == (422, "failed must be true or false, saw 'perhaps'")


CALLS = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=12)
"""For each call: how many others come before it is answered, and whether it fails."""


@settings(deadline=None)
@given(calls=CALLS, size=st.integers(1, 4), far=st.booleans())
def test_pages_in_both_directions_hold_each_failure_once(calls: list[tuple[int, bool]], size: int, far: bool) -> None:
    async def run() -> None:
        journal = Journal()
        expected = []
        due: list[tuple[int, int, bool]] = []
        for n, (pause, fails) in enumerate([*calls, *[(0, False)] * 13]):
            number = journal.append("called", "twilio", "AC", None, {"text": str(n)})
            due.append((n + pause, number, fails))
            for one in sorted(one for one in due if one[0] <= n):
                due.remove(one)
                status = 400 if one[2] else 201
                journal.append("answered", "twilio", "AC", one[1], {"status": status, "outcome": "answered"})
                if one[2]:
                    expected.append(one[1])
        if far:
            for _ in range(ANSWER_WITHIN + 1):
                journal.append("called", "twilio", "other", None, {})
        await journal.committed()
        for selection in (Filter(failed=True, type="called"), Filter(search="400", account="AC", type="called")):
            assert list(_pages(journal, selection, size, back=False)) == sorted(expected)
            assert list(_pages(journal, selection, size, back=True)) == sorted(expected, reverse=True)

    asyncio.run(run())


def _pages(journal: Journal, selection: Filter, size: int, *, back: bool) -> Iterator[int]:
    cursor = journal.seq + 1 if back else 0
    while True:
        read = journal.read_back(selection, before=cursor) if back else journal.read(selection, after=cursor)
        page = [seq for _, (seq, entry) in zip(range(10**6), read, strict=False) if entry is not None][:size]
        if not page:
            return
        yield from page
        cursor = page[-1]


def test_the_command_prints_all_there_is(twilio: TwilioTenant) -> None:
    for n in range(501):
        twilio.send(Body=str(n))
    url = f"--url={twilio.http.base_url}"

    def printed(*words: str) -> list[dict[str, Any]]:
        done = in_process.call(cli.main, "calls", f"account={twilio.sid}", *words, url)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    every = printed()
    assert len(every) == 1002
    assert [entry["seq"] for entry in printed("order=desc")] == [entry["seq"] for entry in reversed(every)]
    assert [entry["text"] for entry in printed("type=called", "search=500")] == ["500"]
    assert len(printed("limit=1001")) == 1001
    wrong = in_process.call(cli.main, "calls", "limit=none", url)
    assert (wrong.returncode, "limit must be a whole number" in wrong.stderr) == (3, True)


def test_pages_end_with_what_was_there_when_they_began(twilio: TwilioTenant) -> None:
    for n in range(502):
        twilio.send(Body=str(n))
    with MockProviders(str(twilio.http.base_url)) as mocks:
        read = mocks.all_calls(account=twilio.sid)
        first = next(read)
        twilio.send(Body="later")
        assert [first["text"], *(entry.get("text") for entry in read)].count("later") == 0
