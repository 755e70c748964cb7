"""Secrets: known ones however they are encoded, and what looks like one; ordinary text stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.redact import Redactor
from harness.secret_text import NAMES, STEMS, _beside_stems, _everywhere

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
        json.dumps({"a": json.dumps({"b": json.dumps({"c": json.dumps({"client_secret": PLANTED, "d": 1})})})}),
        json.dumps({"a": json.dumps({"b": json.dumps({"password": f'in "quotes" \\ {PLANTED}'})})}),
        json.dumps({"credentials": {"user": "u", "key": [PLANTED]}, "rest": 1}),
        json.dumps({"text": json.dumps({"tokens": ["a", {"b": PLANTED + "]}"}]})}),
        json.dumps({"authorization": [f"Digest {PLANTED}"]}),
        json.dumps([{"name": "X-Api-Key", "value": PLANTED}]),
        json.dumps([["x-twilio-token", PLANTED], ["authorization", f"Digest {PLANTED}"]]),
        json.dumps({"body": f"To=%2B1555&password={PLANTED}&x=1"}),
        f"x=%7B%22password%22%3A%20%22{PLANTED}%22%7D",
        f"x=%257B%2522password%2522%253A%2522{PLANTED}%2522%257D",
        f"GET / HTTP/1.1\r\nCookie: a=1; sid={PLANTED}\r\nX-Api-Key: {PLANTED}\r\n",
        f"Settings(user='u', password='{PLANTED} and more', token=b\"{PLANTED}\")",
        f"https://user:p@ss{PLANTED}@host/",
        f"https://h/a?x=1\\u0026sig={PLANTED}",
        '{"password": "' + PLANTED,
        '{"a": "{\\"secret\\": {\\"b\\": \\"' + PLANTED,
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
        "my password, they said: nothing; the token is there",
        '{"max_tokens": 100, "has_password": true, "token_count": 7, "secret": null}',
        '{"fields": ["password", "username"], "text": "the password is in the mail"}',
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


def test_json_has_its_other_fields_still() -> None:
    inner = {"secret": [1, {"x": "}"}], "kept": ['"', "\\\\"], "token": 12, "last": 3}
    deep = json.loads(Redactor()(json.dumps({"a": json.dumps({"b": json.dumps(inner)})})))
    assert json.loads(json.loads(deep["a"])["b"]) == inner | {"secret": "***", "token": "***"}


@pytest.mark.parametrize(
    "piece", ['"token": {', "token=", "\\", '\\"secret\\": \\"', "?key", "authorization-", "secret-", "%22pwd%22%3A%22"]
)
def test_no_text_takes_longer_than_it_is_long(piece: str) -> None:
    Redactor()(piece * (1_000_000 // len(piece)))


def test_both_packages_hide_the_same() -> None:
    assert Path("harness/secret_text.py").read_text() == Path("mock_providers/secret_text.py").read_text()


SPICE = (
    "password",
    "://",
    "?token=",
    "authorization: ",
    "Bearer a1b2c3d4e5",
    '"secret": "',
    "api_key=",
    "'pwd': '",
    '"tokens": {',
    "'secret': [",
)
TEXTS = st.lists(st.sampled_from([*SPICE, *"abc:=/?&@\"'\\ {}[],;\n<>"]) | st.characters(), max_size=12).map("".join)


@given(st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)))
def test_json_stays_json(value: object) -> None:
    redact = Redactor()
    assert type(json.loads(redact(json.dumps({"v": value})))) is dict
    assert type(json.loads(redact(json.dumps({"v": json.dumps(value)}, ensure_ascii=False)))) is dict


PIECES = (
    *(*STEMS, *SPICE, *"_-= :,\"'\\%&\n{}[]0a.", "%22", "x-", "api", "auth", "max_", "s", "***"),
    *("Bearer 12345678", "KEY", "Passwd"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_looking_beside_stems_alone_hides_the_same_as_looking_everywhere(text: str) -> None:
    named = [list(names(text, looking)) for looking in (_beside_stems, _everywhere)]
    assert named[0] == named[1]


def names(text: str, looking: Callable[[str], Generator[Any, int, None]]) -> Iterator[tuple[int, int]]:
    """Where each name begins and ends, each looked for after the one before."""
    named, at = looking(text), 0
    next(named)
    while found := named.send(at):
        at = found.end()
        yield found.span()


def test_every_name_of_a_secret_has_a_stem() -> None:
    words = ["passwd", "password", "passphrase", "passcode", "pwd", "secret", "token", "credential", "cookie"]
    words += ["authorization", *(f"{first}{dash}key" for first in ("api", "signing") for dash in ("", "-", "_"))]
    assert all(re.fullmatch(NAMES, word) and any(stem in word for stem in STEMS) for word in words)
