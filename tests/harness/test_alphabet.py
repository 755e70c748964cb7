"""The alphabet of texts: its tokens stay whole, it notices what changes texts, and the smallest wrong one is found."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest

from harness.probes.probe import new_token, token_in
from harness.scenario.alphabet import EDGES, INNER, LIMITS, Text, length_of, one_line, picked
from harness.scenario.drawing import ASKED, drawn, smallest
from mock_providers.twilio.segments import count_segments

NUMBER = 16


def written(text: Text) -> str:
    return new_token().join(text)


EVERY = {**picked(mail=True, longest=None), **{f"drawn {n}": text for n, text in enumerate(drawn(60))}}


@pytest.mark.parametrize("text", EVERY.values(), ids=EVERY)
def test_a_token_is_found_in_every_text(text: Text) -> None:
    token = new_token()
    assert token_in(token.join(text)) == token
    assert len(token.join(text)) == length_of(text)


@pytest.mark.parametrize(
    "change",
    [
        str.strip,
        str.rstrip,
        str.lower,
        lambda text: " ".join(text.split()),
        lambda text: text.strip(" "),
        lambda text: text.replace("\r\n", "\n"),
        lambda text: "\n".join(text.splitlines()),
        lambda text: unicodedata.normalize("NFC", text),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: unicodedata.normalize("NFKC", text),
        lambda text: text.replace("\u200b", ""),
        lambda text: text.replace("\u00a0", " "),
        lambda text: text[:160],
        lambda text: text[:70],
        lambda text: text[:1599],
        lambda text: text.encode()[:1600].decode(errors="ignore"),
        lambda text: text.encode("latin-1", "ignore").decode("latin-1"),
        lambda text: text.encode("utf-16-le")[:3200].decode("utf-16-le", "ignore"),
        lambda text: "".join(c for c in text if c.isprintable()),
        lambda text: text.replace("+", " "),
        lambda text: text.replace("\\", ""),
        lambda text: text.replace("'", "''"),
        lambda text: text.replace("&amp;", "&"),
    ],
)
def test_what_changes_texts_changes_one_of_those_that_were_picked(change: Callable[[str], str]) -> None:
    texts = [written(text) for text in picked(mail=False, longest=None).values()]
    assert [text for text in texts if change(text) != text]


def test_no_text_message_is_longer_than_its_provider_takes() -> None:
    assert max(map(length_of, picked(mail=False, longest=None).values())) == 1600
    assert max(map(length_of, picked(mail=True, longest=None).values())) > 1600
    assert max(map(length_of, picked(mail=True, longest=100).values())) <= 100


def test_lengths_stand_at_the_limits_of_segments() -> None:
    counts = {
        fill: [count_segments(written(("", " " + fill * (length - 13)))).count for length in lengths]
        for fill, lengths in LIMITS.items()
    }
    assert counts["x"][:4] == [1, 2, 2, 3]
    assert counts["\u044f"][:4] == [1, 2, 2, 3]
    assert counts["\u20ac"] == [1, 2]
    assert counts["\U0001f600"][:2] == [1, 2]


@pytest.mark.parametrize("text", [*EDGES.values(), *INNER.values()])
def test_a_subject_is_one_line_with_plain_edges(text: Text) -> None:
    line = one_line(text)
    assert line == line.strip()
    assert len(line.splitlines()) == 1


def test_the_same_seed_draws_the_same_and_another_something_else() -> None:
    assert drawn(NUMBER) == drawn(NUMBER)
    assert len(set(drawn(NUMBER))) > NUMBER / 2
    assert drawn(NUMBER, seed=1) != drawn(NUMBER, seed=2)


@pytest.mark.parametrize(
    ("wrong", "most"),
    [
        (lambda text: text != text.strip(), 2),
        (lambda text: any(ord(character) > 0xFFFF for character in text), 2),
        (lambda text: "#h" in text, 0),
    ],
)
def test_the_smallest_text_that_goes_wrong_is_found(wrong: Callable[[str], bool], most: int) -> None:
    asked = []

    def goes_wrong(text: Text) -> bool:
        asked.append(text)
        return wrong("#".join(text))

    known = {text: wrong("#".join(text)) for text in drawn(NUMBER)}
    found = smallest(known, goes_wrong, number=NUMBER)
    assert len(asked) <= ASKED
    if most == 0:
        assert (found, asked) == (None, [])
    else:
        assert found is not None
        assert wrong("#".join(found))
        assert len("".join(found)) <= most
