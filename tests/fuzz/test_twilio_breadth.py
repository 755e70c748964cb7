"""Verify, Lookup, Content and messages by templates, under anything: no 5xx, no hang."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from target import Target, anything

ROUND = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)

values = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["+15552340001", "whatsapp:+15552340001", "ada@example.com", "sms", "email", "123456", "", "true"]),
)
PARAMS = (
    "FriendlyName", "CodeLength", "CustomCodeEnabled", "SkipSmsToLandlines", "To", "Channel", "Code", "CustomCode",
    "VerificationSid", "Status", "Fields", "CountryCode", "PageSize", "Page", "Whatsapp.From", "CustomFriendlyName",
)  # fmt: skip
forms = st.lists(st.tuples(st.sampled_from(PARAMS) | st.text(max_size=8), values), max_size=8)
TYPES = st.sampled_from(["twilio/text", "twilio/media", "twilio/card", "whatsapp/card", "twilio/quick-reply"])
braces = st.lists(st.sampled_from(["{{", "}}", "{", "}", "1", "a", " ", "\ud800", "{{1}}", "x"]), max_size=20).map(
    "".join
)


def check(response: httpx.Response) -> None:
    assert response.status_code < 500, response.text


def keep_on(share: Callable[[], bool], test: Callable[[], None]) -> None:
    while True:
        test()
        if not share():
            return


def test_verify(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    auth = (target.twilio.account_sid, target.twilio.auth_token)
    service = http.post("/v2/Services", data={"FriendlyName": "a"}, auth=auth).json()["sid"]
    places = ("", f"/{service}", f"/{service}/Verifications", f"/{service}/VerificationCheck", "/VA0", "/x/y/z")

    @ROUND
    @given(
        method=st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
        place=st.sampled_from(places)
        | st.text(max_size=20).map(lambda name: f"/{service}/Verifications/{quote(name)}"),
        form=forms,
    )
    def run(method: str, place: str, form: list[tuple[str, str]]) -> None:
        encoded = urlencode(form, errors="replace")
        kind = {"content-type": "application/x-www-form-urlencoded"}
        if (method, place) == ("DELETE", f"/{service}"):
            return
        check(http.request(method, f"/v2/Services{place}?{encoded}", content=encoded, headers=kind, auth=auth))

    keep_on(share, run)


def test_lookup(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    auth = (target.twilio.account_sid, target.twilio.auth_token)
    numbers = st.from_regex(r"\+?[0-9 ().\-/]{0,30}", fullmatch=True) | st.text(max_size=40)

    @ROUND
    @given(number=numbers, form=forms)
    def run(number: str, form: list[tuple[str, str]]) -> None:
        check(http.get(f"/v2/PhoneNumbers/{quote(number)}?{urlencode(form, errors='replace')}", auth=auth))

    keep_on(share, run)


def test_templates_and_what_is_sent_by_them(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    auth = (target.twilio.account_sid, target.twilio.auth_token)
    shown = st.dictionaries(st.sampled_from(["body", "title", "media", "actions"]), braces | anything, max_size=3)
    types = st.dictionaries(TYPES | st.text(max_size=6), shown | anything, max_size=3)
    bodies = st.fixed_dictionaries({"types": types | anything}, optional={"variables": anything, "language": anything})
    variables = st.dictionaries(st.text(max_size=3), braces, max_size=3) | anything

    @ROUND
    @given(body=bodies | anything, variables=variables)
    def run(body: Any, variables: Any) -> None:
        headers = {"content-type": "application/json"}
        made = http.post("/v1/Content", content=json.dumps(body).encode(), headers=headers, auth=auth)
        check(made)
        sid = made.json().get("sid", "HX" + "0" * 32)
        check(http.get(f"/v1/Content/{sid}", auth=auth))
        check(http.get("/v1/ContentAndApprovals", auth=auth))
        check(
            http.post(
                f"/v1/Content/{sid}/ApprovalRequests/whatsapp", content=json.dumps(body), headers=headers, auth=auth
            )
        )
        form = {"To": "whatsapp:+15552340001", "From": "whatsapp:+15552340002", "ContentSid": sid}
        sent = http.post(
            f"/2010-04-01/Accounts/{target.twilio.account_sid}/Messages.json",
            data={**form, "ContentVariables": json.dumps(variables)},
            auth=auth,
        )
        check(sent)
        check(http.delete(f"/v1/Content/{sid}", auth=auth))

    keep_on(share, run)
