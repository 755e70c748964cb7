"""Properties: segments, signatures, paging under inserts, and a journal cut at any byte."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from mock_providers.errors import JournalError
from mock_providers.journal import Filter, Journal
from mock_providers.journal.lines import MARK, seal, unseal
from mock_providers.sendgrid.signature import SigningKey
from mock_providers.twilio.routes.listing import list_messages
from mock_providers.twilio.segments import count_segments
from mock_providers.twilio.signature import sign_form
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.message import Message
from mock_providers.twilio.state.settings import TwilioSettings

GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = set("^{}\\[~]|€\f")


def packed(text: str) -> int:
    """Segments by packing one character after another, which is slow and plainly right."""
    if set(text) <= GSM | EXTENDED:
        sizes, single, part = [2 if char in EXTENDED else 1 for char in text], 160, 153
    else:
        sizes, single, part = [2 if ord(char) > 0xFFFF else 1 for char in text], 70, 67
    if sum(sizes) <= single:
        return 1
    segments, room = 1, part
    for size in sizes:
        if size > room:
            segments, room = segments + 1, part
        room -= size
    return segments


texts = st.one_of(
    st.text(alphabet=sorted(GSM | EXTENDED), max_size=700),
    st.text(alphabet=st.sampled_from("aé€^ê😀中"), max_size=400),
    st.text(max_size=300),
)


@given(texts)
def test_segments_are_those_of_an_independent_count(text: str) -> None:
    assert count_segments(text).count == packed(text)


names = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(
    params=st.dictionaries(names, names),
    path=st.from_regex(r"[a-c]{0,5}(\?[a-c]{1,3}=[a-c]{1,3})?", fullmatch=True),
    secret=names,
)
def test_form_signatures_are_what_the_sdk_expects(params: dict[str, str], path: str, secret: str) -> None:
    url = f"http://127.0.0.1:8080/{path}"
    signature = sign_form(secret, url, params)
    validator = RequestValidator(secret)
    assert validator.compute_signature(url, params) == signature
    assert not params or validator.validate(url, params, signature)
    assert not validator.validate(url, params | {"Added": "x"}, signature)


KEY = SigningKey()


@given(st.binary(max_size=200), st.integers(0, 2**33))
def test_event_signatures_verify_over_exact_bytes(body: bytes, at: int) -> None:
    from base64 import b64decode

    key = load_der_public_key(b64decode(KEY.public_key))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = b64decode(KEY.sign(str(at), body))
    key.verify(signature, str(at).encode() + body, ec.ECDSA(hashes.SHA256()))


def account_of(count: int) -> TwilioAccount:
    account = TwilioAccount(TwilioSettings(account_sid="AC" + "0" * 32, auth_token="x", seed=1))
    for _ in range(count):
        insert(account)
    return account


def insert(account: TwilioAccount) -> None:
    message = Message(
        number=account.next_number(), sid=account.sid("SM"), account_sid=account.name, to="+15552340001",
        from_=None, body="", status="queued", num_segments=1, now=account.now(),
    )  # fmt: skip
    account.add(message)


@given(count=st.integers(0, 40), size=st.integers(1, 12), inserts=st.lists(st.integers(0, 3), max_size=50))
def test_paging_visits_each_message_once(count: int, size: int, inserts: list[int]) -> None:
    account = account_of(count)
    expected = [message.sid for message in account.newest_first()]
    seen: list[str] = []
    query: dict[str, Any] = {"PageSize": str(size)}
    arrivals = iter(inserts)
    while True:
        page = list_messages(account, query)
        seen += [message["sid"] for message in page["messages"]]
        if page["next_page_uri"] is None:
            break
        for _ in range(next(arrivals, 0)):
            insert(account)
        following = dict(pair.split("=") for pair in page["next_page_uri"].partition("?")[2].split("&"))
        query = {"PageSize": str(size), "Page": following["Page"], "PageToken": following["PageToken"]}
    assert seen == expected


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4), st.data())
def test_a_line_that_was_cut_or_changed_is_told(entry: dict[str, str], data: st.DataObject) -> None:
    line = seal(json.dumps({"seq": 1} | entry).encode())
    assert json.loads(unseal(line) or b"") == {"seq": 1} | entry
    assert unseal(line[: data.draw(st.integers(0, len(line) - 1))]) is None
    place = data.draw(st.integers(0, len(line) - 1))
    changed = bytes([line[place] ^ data.draw(st.integers(1, 255))])
    assert unseal(line[:place] + changed + line[place + 1 :]) is None


async def write(path: Path, texts: list[str]) -> None:
    journal = Journal(path)
    for text in texts:
        journal.append("called", "twilio", "AC", None, {"text": text})
        await journal.committed()
    journal.close()


async def reopen(path: Path) -> list[tuple[int, str]]:
    journal = Journal(path)
    found = [(seq, entry["text"]) for seq, entry in journal.read(Filter()) if entry is not None]
    journal.append("called", "twilio", "AC", None, {"text": "after"})
    await journal.committed()
    assert journal.seq == len(found) + 1
    journal.close()
    return found


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=6), data=st.data())
def test_a_journal_cut_at_any_byte_keeps_every_whole_line(texts: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        asyncio.run(write(path, texts))
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        if 0 < cut < len(MARK):
            with pytest.raises(JournalError, match="isn't a journal"):
                Journal(path)
            return
        # a header, then entries; the last one may lack nothing but its line's end
        kept = max(sum(unseal(line + b"\n") is not None for line in whole[:cut].split(b"\n")) - 1, 0)
        assert asyncio.run(reopen(path)) == list(enumerate(texts[:kept], 1))
        assert all(unseal(line) for line in path.read_bytes().splitlines(keepends=True))
