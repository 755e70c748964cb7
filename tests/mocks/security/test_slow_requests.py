"""What a client sends as a pattern, or where one of ours looks at it, keeps nobody waiting.

The client gives up after 5 s; the patterns that were took from 12 s to years.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenants import SendGridTenant, TwilioTenant, mail

from mock_providers import glob, redact
from mock_providers.sendgrid.activity_query import conditions


@pytest.mark.parametrize("value", ["%a" * 40 + "b", "%" * 2000 + "b", "%a%aa" * 300, "a%" * 2000], ids=len)
def test_an_activity_query_with_many_wildcards(sendgrid: SendGridTenant, value: str) -> None:
    sendgrid.send(subject="a" * 5000)
    query = quote(f'subject LIKE "{value}"')
    assert sendgrid.request("GET", f"/messages?query={query}").status_code == 200


def test_an_activity_query_of_blanks(sendgrid: SendGridTenant) -> None:
    answer = sendgrid.request("GET", f"/messages?query={'+' * 12_000}")
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["?" * 12_000, "?a" * 6000, "?x=1&" + "token" * 2400, "?" + "&token" * 2000], ids=len)
def test_a_path_that_looks_full_of_secrets(twilio: TwilioTenant, path: str) -> None:
    assert twilio.request("GET", f"/Messages.json{path}").status_code in {200, 400}


@pytest.mark.parametrize(
    "url",
    ["http://h/" + "?key" * 20_000, "http://h/?" + "&sig" * 20_000, "://" * 30_000, "http://" + "a" * 90_000],
    ids=len,
)
def test_a_callback_url_that_looks_full_of_secrets(twilio: TwilioTenant, url: str) -> None:
    assert twilio.create(Body=url, StatusCallback=url).status_code in {201, 400}


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "*" * 250 + "b", "*[ab]?" * 40 + "c"], ids=len)
def test_recipients_that_are_asked_for_by_a_glob(http: httpx.Client, sendgrid: SendGridTenant, pattern: str) -> None:
    address = "a" * 64 + "@" + "a" * 180 + ".aa"
    sendgrid.create(personalizations=[{"to": [{"email": address}]}])
    asked = {"account": sendgrid.name, "to": pattern}
    assert http.get("/_mock/calls", params=asked).json()["entries"] == []
    fault = {"match": {"account": sendgrid.name, "to": pattern, "endpoint": pattern}, "status": 500}
    assert http.post("/_mock/faults", json=fault).status_code == 201
    refusal = sendgrid.create(personalizations=[{"to": [{"email": address}]}])
    assert refusal.status_code != 500


def test_fates_and_refusals_that_are_globs(http: httpx.Client, twilio: TwilioTenant) -> None:
    pattern = "*1" * 60 + "x"
    twilio.change(fates=[{"to": pattern, "status": "failed"}], refusals=[{"to": pattern, "code": 21610}])
    assert twilio.create(To="+15552341111").status_code == 201
    assert twilio.create(To="rcs:" + "1" * 9000).status_code in {201, 400}


@pytest.mark.parametrize(
    "match",
    [
        {"to": "*" * 257},
        {"endpoint": "?" * 257},
        {"text": "a" * 16_001},
        {"accounts": [str(n) for n in range(1001)]},
    ],
)
def test_a_matcher_has_its_bounds(http: httpx.Client, match: dict[str, Any]) -> None:
    refused = http.post("/_mock/faults", json={"match": match, "status": 500})
    assert refused.status_code == 422
    assert next(iter(match)) in refused.json()["error"]
    assert "at most" in refused.json()["error"]
    assert http.post("/_mock/gates", json={"match": match}).status_code == 422


@pytest.mark.parametrize(("name", "most"), [("to", 256), ("search", 1000), ("text", 16_000)])
def test_a_selection_has_its_bounds(http: httpx.Client, name: str, most: int) -> None:
    assert http.get("/_mock/calls", params={name: "a" * most, "limit": 1}).status_code == 200
    refused = http.get("/_mock/calls", params={name: "a" * (most + 1), "limit": 1})
    assert (refused.status_code, refused.json()["error"]) == (422, f"{name} must be at most {most} characters")


def test_settings_have_their_bounds(http: httpx.Client, twilio: TwilioTenant, sendgrid: SendGridTenant) -> None:
    long = "*" * 257
    for path, settings in (
        (f"twilio/{twilio.sid}", {"fates": [{"to": long, "status": "failed"}]}),
        (f"twilio/{twilio.sid}", {"refusals": [{"from": long, "code": 21610}]}),
        (f"sendgrid/{sendgrid.name}", {"fates": [{"to": long, "lifecycle": "bounce"}]}),
    ):
        refused = http.patch(f"/_mock/accounts/{path}", json=settings)
        assert refused.status_code == 422
        assert "at most 256 characters" in refused.json()["error"]


PIECES = [*"ab*?]!-z^\\.\n", "[ab]", "[!a]", "[a-b]", "[!a-z]", "[]a]", "[!]]", "[a-]", "[^a]", "[.\\]"]
GLOBS = st.lists(st.sampled_from(PIECES), max_size=7).map("".join)
"""Without ranges that run backward, of which `fnmatch` makes something else in each place."""


@given(GLOBS, st.text(alphabet="ab-[]!z^\\.\n", max_size=7))
def test_a_glob_means_what_it_always_did(pattern: str, text: str) -> None:
    from fnmatch import fnmatchcase

    assert glob.fits(pattern, text) == (pattern == text or fnmatchcase(text, pattern))


def test_a_query_is_read_as_it_is_written() -> None:
    read = conditions('  subject = "a AND b"  AND\tto_email LIKE "%@x.co" and status!="delivered" ')
    assert [(one.name, one.operator, one.value) for one in read] == [
        ("subject", "=", "a AND b"),
        ("to_email", "LIKE", "%@x.co"),
        ("status", "!=", "delivered"),
    ]
    like = conditions('subject LIKE "%Order%42%"')[0]
    assert like.holds({"subject": "your ORDER no. 42!"})
    assert not like.holds({"subject": "42 orders"})
    assert not conditions('subject LIKE "ab%ba"')[0].holds({"subject": "aba"})


def test_only_secret_parameters_are_redacted() -> None:
    given = "https://u:p@h/a?x=1&api_key=k&y=2?tok=3&AuthToken=4#f"
    assert redact.url(given) == "https://[redacted]@h/a?x=1&api_key=[redacted]&y=2?tok=3&AuthToken=[redacted]#f"


def test_a_record_with_long_texts_can_be_replayed(http: httpx.Client, sendgrid: SendGridTenant) -> None:
    text = "x" * 20_000
    sendgrid.request("POST", "/mail/send", json=mail(subject=text, **{"from": {"email": "nobody"}}))
    record = http.get("/_mock/export", params={"account": sendgrid.name}).content
    made = http.post("/_mock/replay", content=record, headers={"content-type": "application/x-ndjson"})
    assert made.status_code == 201, made.text
    assert json.loads(made.content)["faults"]
    http.delete("/_mock/faults")
