"""Secrets: known ones however they are encoded, and what looks like one; ordinary text stays as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.redact import Redactor

PLANTED = "pl4nted-s3cret"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://user:{PLANTED}@127.0.0.1/db",
        f"redis://:{PLANTED}@h:1",
        f"https://h/a?x=1&token={PLANTED}&y=2",
        f"https://h/a?api_key={PLANTED}",
        f"Authorization: Basic {PLANTED}",
        f"authorization={PLANTED}",
        f"{{'Authorization': 'Bearer {PLANTED}'}}",
        f"sent with Bearer {PLANTED}",
        f"TWILIO_AUTH_TOKEN={PLANTED} and more",
        f"password={PLANTED};",
        json.dumps({"api_key": PLANTED, "rest": 1}),
        json.dumps({"text": json.dumps({"password": PLANTED})}),
        json.dumps({"headers": {"authorization": f"Basic {PLANTED}"}}),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str) -> None:
    assert PLANTED not in Redactor()(text)
    assert "***" in Redactor()(text)


@pytest.mark.parametrize(
    "text",
    [
        "basic functionality and bearer tokens are fine",
        "pending → sent after 12.3 ms",
        "https://example.com/a.png?x=1&y=2",
        "user1@example.com",
        '{"keys": ["token:#h0123456789"], "retry_count": 0}',
        "no token: none",
        "authorization: ***\ncontent-type: application/json",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_a_known_secret_is_taken_out_in_every_encoding() -> None:
    secret = 'a"b c/d&é' + PLANTED
    redact = Redactor(secret)
    in_url = "a%22b%20c%2Fd%26%C3%A9" + PLANTED
    for said in (secret, in_url, json.dumps({"x": secret}), json.dumps({"x": secret}, ensure_ascii=False)):
        assert PLANTED not in redact(said)


def test_settings_and_urls_teach_it() -> None:
    redact = Redactor()
    redact.hide_settings({"MY_API_KEY": PLANTED, "PORT": "808080"})
    redact.hide_urls("postgresql://u:other%20word@h/d", None)
    assert redact(f"{PLANTED} 808080 other word other%20word") == "*** 808080 *** ***"


SPICE = ("password", "://", "?token=", "authorization: ", "Bearer a1b2c3d4e5", '"secret": "', "api_key=", "'pwd': '")
TEXTS = st.lists(st.sampled_from([*SPICE, *"abc:=/?&@\"'\\ {}[],;\n<>"]) | st.characters(), max_size=12).map("".join)


@given(st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)))
def test_json_stays_json(value: object) -> None:
    redact = Redactor()
    assert type(json.loads(redact(json.dumps({"v": value})))) is dict
    assert type(json.loads(redact(json.dumps({"v": json.dumps(value)}, ensure_ascii=False)))) is dict
