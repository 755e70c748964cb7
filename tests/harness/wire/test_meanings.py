"""What each command and its reply mean, on a page: `meanings.txt` beside this file has a line for each pair.

The page is meant to be read when it changes; SAID=renew pytest tests/harness/wire/test_meanings.py writes it anew.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.wire.commands import (
    aside,
    bare,
    events_of,
    group_of,
    id_given,
    name_of,
    raw,
    read_options,
    streams_of,
    trimmed,
    whole,
)
from harness.wire.places import UNKNOWN, fits, meaning_of, places_of
from harness.wire.places import aside as aside_place
from harness.wire.reach import Watched, after, changed, reaches, watched_of
from harness.wire.requests import quoted, words

PAGE = Path(__file__).with_name("meanings.txt")
ENTRY = [b"1-0", [b"data", b"x", b"odd"]]
GONE = [b"2-0", None]

ON_STREAMS: dict[str, list[Any]] = {
    "XADD jobs * data x": [b"1-0", b"no id", b"x" * 50, b"1", 1, None, RuntimeError("OOM")],
    "xadd jobs NOMKSTREAM maxlen ~ 100 LIMIT 5 * data x more y odd": [b"1-0"],
    "XADD jobs MAXLEN = 7 KEEPREF 5-* data x": [b"5-1"],
    "XADD jobs MAXLEN 8 5 data x": [b"5-0"],
    "XADD jobs MINID ~ 3-0 IDMP p i * data x": [b"5-0"],
    "XADD jobs IDMPAUTO p BRANDNEW 5-1 data x": [b"5-1"],
    "XADD jobs MAXLEN": [b"5-1"],
    "XREADGROUP GROUP g c COUNT 1 BLOCK 5 NOACK STREAMS a jobs > >": [[[b"jobs", [ENTRY, GONE]]], {b"jobs": [ENTRY]}],
    "XREADGROUP GROUP g c STREAMS jobs >": [[[b"jobs", [[*ENTRY, 5, 1]]]], [], None, 1, b"x" * 50],
    "XREAD COUNT 2 STREAMS jobs 0": [[[b"jobs", [ENTRY, [b"3-0", {b"a": b"b"}]]]]],
    "XACK jobs g 1-0 01-00 2": [0, 1, 2, 3, b"x" * 50, None],
    "XACK jobs": [0],
    "XACK jobs g": [0],
    "XDEL jobs 1 2-0": [0, 1, 2, 5],
    "XACKDEL jobs g KEEPREF IDS 4 1 2 3 4": [[1, 2, -1, 0], [1], 1],
    "XACKDEL jobs g 1": [[], [1]],
    "XDELEX jobs IDS 3 1 2 3": [[1, 2, -1], [1], 1],
    "XCLAIM jobs g c 0 1-0 2-0": [[ENTRY, GONE, None], [b"1-0"], [[b"1-0"]], b"x" * 50],
    "XAUTOCLAIM jobs g c 0 0": [[b"0-0", [ENTRY, GONE], [b"9-0"]], [b"0-0", [b"1-0"]], [b"0-0", [ENTRY]], [b"0-0", 1]],
    "XTRIM jobs MAXLEN 3": [0, 2, b"OK"],
    "XLEN jobs": [1],
}
ON_PLACES: dict[str, list[Any]] = {
    "LPUSH q a b": [0, 1, 2, UNKNOWN, b"x"],
    "RPUSHX q a": [0, 1, UNKNOWN],
    "LPOP q": [b"a", None, UNKNOWN, RuntimeError("WRONGTYPE")],
    "RPOP q 2": [[b"a", b"b"], [], None],
    "BLPOP q r 5": [[b"r", b"a"], None, UNKNOWN, [b"r"], b"x" * 50],
    "BRPOP q 0": [UNKNOWN],
    "LMPOP 2 q r LEFT": [[b"q", [b"a", b"b"]], None, UNKNOWN, [b"q", b"a"]],
    "ZMPOP 1 q MIN": [[b"q", [[b"a", b"1"], [b"b", b"2"]]]],
    "BLMPOP 5 2 q r LEFT": [[b"r", [b"a"]], UNKNOWN],
    "BZMPOP 5 x q MIN": [UNKNOWN],
    "LMOVE q w LEFT RIGHT": [b"a", None, UNKNOWN],
    "BRPOPLPUSH q w 0": [b"a"],
    "LREM q 0 a": [0, 1, 2, UNKNOWN],
    "ZADD q 1 a 2 b odd": [2, 1, 0, None, UNKNOWN, b"1.5"],
    "ZADD q NX 1 a": [1, 0],
    "zadd q xx ch 1 a 2 b": [0, 2],
    "ZADD q GT LT INCR 1 a": [b"1", None],
    "ZADD q NX": [0],
    "ZINCRBY q 1 a": [b"2", UNKNOWN],
    "ZREMRANGEBYSCORE q -inf 5": [0, 3, UNKNOWN],
    "ZPOPMIN q 2": [[b"a", b"1", b"b", b"2"], [[b"a", 1.0], [b"b", 2.0]], [], UNKNOWN, None],
    "BZPOPMAX q r 5": [[b"q", b"a", b"1"], None, UNKNOWN],
    "ZREM q a b a": [0, 1, 2, 3, UNKNOWN],
    "SADD q a b": [0, 1, UNKNOWN],
    "SPOP q": [b"a", None, UNKNOWN],
    "SPOP q 2": [[b"a", b"b"], {b"a"}, [], b"a", UNKNOWN],
    "SMOVE q w a": [0, 1, UNKNOWN],
    "HSET q f 1 g 2 odd": [0, 2, UNKNOWN],
    "HSETNX q f 1": [0, 1],
    "HDEL q f": [1],
    "SET q v NX": [b"OK", None, UNKNOWN],
    "SETEX q 5 v": [b"OK"],
    "PSETEX q 5 v": [b"OK"],
    "SETNX q v": [0, 1],
    "DEL q r": [0, 1, UNKNOWN],
    "PUBLISH q v": [0, 2, UNKNOWN],
    "GET q": [b"v"],
}
WATCHED = Watched(streams=frozenset({b"jobs", b"dead"}), group=b"g", database=2)
ANY_GROUP = Watched(streams=frozenset({b"jobs"}), database=2)
LIST = Watched(streams=frozenset({b"q"}), base="list", beside=(b"work:*",), payloads=(b"job:*:body",), scripts=True)
REACHES = [
    "FLUSHALL", "SWAPDB 1 2", "SWAPDB 2 0", "SWAPDB 0 1", "SWAPDB 0 1 2", "DEBUG SLEEP 0", "DEBUG object jobs",
    "DEBUG JMAP", "DEBUG LISTPACK x", "DEBUG RELOAD", "DEBUG", "REPLICAOF no one", "MOVE jobs 2", "MOVE jobs 5",
    "MOVE other 2", "COPY a jobs DB 2", "COPY jobs a DB 5", "COPY a jobs", "FLUSHDB", "EVAL x 0", "FCALL f 0",
    "XLEN jobs", "RENAME a jobs", "SET jobs 1", "SET a jobs", "BRANDNEW jobs", "BRANDNEW a jobs", "EXPIRE jobs 5",
    "EXPIRE work:1 5", "DEL work:1", "DEL job:1:body", "XGROUP DESTROY jobs g", "XGROUP DESTROY jobs other",
    "xgroup setid jobs g 0", "XGROUP DELCONSUMER jobs g c", "XGROUP DELCONSUMER jobs g", "XGROUP CREATE jobs g 0",
    "XGROUP DESTROY jobs", "XGROUP", "XADD jobs * a b", "LPUSH q a", "LTRIM q 0 1", "LTRIM a q 1",
]  # fmt: skip
REPLIES = [0, 1, None, b"OK", RuntimeError("NOSCRIPT no"), RuntimeError("ERR user_script:1: x")]
CHANGES = ["EVAL x 0", "DEL a", "EXPIRE a 1", "XGROUP DESTROY a g", "SET a 1", "ZREMRANGEBYRANK a 0 1"]
PATTERNS = ["a", "a*", "*a", "*", "a*b", "a*a", "ab*bc", "a*x*b", "a**b", "*x*x*"]
KEYS = ["a", "ab", "b", "ba", "aa", "axb", "abc", "abbc", "axxb", "xx", "xax", "", "axyb", "a*b"]


def command(line: str) -> list[bytes]:
    return [word.encode() for word in shlex.split(line)]


def shown(value: object) -> str:
    if value is UNKNOWN:
        return "not seen"
    return f"{type(value).__name__} {value}" if isinstance(value, Exception) else repr(value)


def said(ask: Callable[..., object], *given: object) -> str:
    try:
        found = ask(*given)
        return shown(list(found) if isinstance(found, Iterator) else found)
    except (ValueError, TypeError, IndexError, KeyError) as error:
        return f"raises {type(error).__name__}: {error}"


def lines() -> Iterator[str]:
    for line, replies in ON_STREAMS.items():
        asked = command(line)
        options = f", options {read_options(asked)[0]}" if name_of(asked).startswith(b"XREAD") else ""
        yield f"{line}: streams {streams_of(asked)}, group {group_of(asked)}{options}"
        for reply in replies:
            yield f"{line} ← {shown(reply)}: {said(events_of, asked, reply)}"
    for line in [line for line in ON_STREAMS if line[:4].upper() in ("XADD", "XTRI")]:
        asked = command(line)
        yield f"{line}: aside {said(aside, asked)}, id {id_given(asked)}, trims {said(trimmed, asked)}"
    for line, replies in ON_PLACES.items():
        asked = command(line)
        yield f"{line}: places {places_of(asked)}, aside {aside_place(asked)}"
        for reply in replies:
            yield f"{line} ← {shown(reply)}: {said(meaning_of, asked, reply)}"
    for line in REACHES:
        asked = command(line)
        found = {
            "here": reaches(asked, WATCHED, here=2),
            "in another database": reaches(asked, WATCHED, here=0),
            "any group": reaches(asked, ANY_GROUP, here=2),
            "a list": reaches(asked, LIST, here=0),
            "scripts seen": reaches(asked, WATCHED, here=2, scripts=False),
        }
        told = {where: {k: v for k, v in one.items() if k != "what"} for where, one in found.items() if one is not None}
        yield f"{line} reaches: {told}"
        mine = {where: (one.reads(name_of(asked)), one.concern(asked), one.aside(asked)) for where, one in
                (("a stream", WATCHED), ("a list", LIST))}  # fmt: skip
        yield f"{line} is read, concerns, puts aside: {mine}"
    for line in CHANGES:
        yield f"{line} changed something: {[shown(reply) for reply in REPLIES if changed(command(line), reply)]}"
    for pattern in PATTERNS:
        yield f"{pattern} fits: {[key for key in KEYS if fits(pattern.encode(), key.encode())]}"


def test_every_command_and_reply_means_what_the_page_says() -> None:
    now = "".join(f"{line}\n" for line in lines())
    if os.environ.get("SAID") == "renew":
        PAGE.write_text(now, encoding="utf-8")
    assert now.splitlines() == PAGE.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("given", "kept"),
    [("1", "1-0"), ("1-2", "1-2"), ("01-02", "1-2"), ("1-", "1-0"), ("*", "*"), ("5-*", "5-*"), ("-1", "-1"), ("", "")],
)
def test_an_id_is_written_as_redis_writes_it(given: str, kept: str) -> None:
    assert whole(given.encode()) == kept


def test_bytes_that_are_no_text_are_kept() -> None:
    assert bare(raw(b"\xff\xfe a")) == b"\xff\xfe a"
    assert (raw(5), raw(b"a")) == ("5", "a")
    assert (name_of([]), name_of([b"xadd"]), name_of([5])) == (b"", b"XADD", b"")  # type: ignore[list-item]  # reason: a reply in its place


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'"a"', [b"a"]),
        (b"  a  ", [b"a"]),
        (b"a\0b\x0bc\x0cd", [b"a", b"b", b"c", b"d"]),
        (b'""', [b""]),
        (b'a"b" c', [b"ab", b"c"]),
        (b'"a\\x4"', [b"ax4"]),
        (b'"\\x4g"', [b"x4g"]),
        (b'"\\x4F\\x6f\\x00"', [b"Oo\0"]),
        (b'"\\n\\r\\t\\b\\a\\q\\\\"', [b"\n\r\t\b\aq\\"]),
        (b"'\\n\\x41 \\''", [b"\\n\\x41 '"]),
        (b"'it\"s'", [b'it"s']),
        (b'"it\'s"', [b"it's"]),
    ],
)
def test_words_of_a_line_and_their_quotes(line: bytes, found: list[bytes]) -> None:
    assert list(words(line)) == found


@pytest.mark.parametrize("line", [b'"a', b"'a", b'"a"b', b"'a'b", b'"a\\"', b'"', b"'\\'", b'"\\'])
def test_quotes_that_do_not_match_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="unbalanced quotes"):
        list(words(line))


def test_a_quoted_part_ends_where_its_quote_does() -> None:
    word = bytearray(b"x")
    assert (quoted(b'-"ab" c', 1, word), bytes(word)) == (5, b"xab")


def test_the_last_of_several_options_counts() -> None:
    assert after(command("COPY DB jobs DB 5 REPLACE"), b"DB") == [b"5"]
    assert after(command("COPY a b DB"), b"DB") == []
    assert after(command("COPY a b"), b"DB") == []


def test_what_is_watched_is_what_the_harness_says() -> None:
    told = {"streams": ["a"], "database": "3", "group": "g", "base": "list", "beside": ["b"], "payloads": ["p"]}
    assert watched_of({**told, "scripts": 1}) == Watched(
        streams=frozenset({b"a"}), group=b"g", database=3, base="list", beside=(b"b",), payloads=(b"p",), scripts=True
    )
    assert watched_of({"streams": [], "database": 0, "group": ""}) == Watched(streams=frozenset())


def test_only_what_is_watched_of_an_answer_is_told() -> None:
    both = [[b"jobs", [ENTRY]], [b"other", [ENTRY]]]
    asked = command("XREADGROUP GROUP g c STREAMS jobs other > >")
    assert [said["stream"] for said in WATCHED.meaning(asked, both)] == ["jobs"]
    moves = [("LMOVE q other LEFT LEFT", 1), ("LMOVE other work:1 LEFT LEFT", 1), ("LMOVE other else LEFT LEFT", 0)]
    for line, number in moves:
        assert len(list(LIST.meaning(command(line), b"a"))) == number, line


def test_what_an_entry_points_to_is_told_when_it_is_written() -> None:
    written = list(LIST.payload(command("SET job:1:body x"), b"OK"))
    assert [(said["stream"], said["content"]) for said in written] == [("job:1:body", "x")]
    assert list(LIST.payload(command("SET other x"), b"OK")) == []
    assert list(LIST.payload(command("GET job:1:body"), b"x")) == []
    assert list(LIST.payload(command("LPUSH job:1:body x"), 1)) == []


def test_a_member_that_is_popped_without_a_count_is_no_list() -> None:
    said = {"what": "took", "stream": "q", "value": "a"}
    assert list(meaning_of(command("SPOP q"), b"a")) == list(meaning_of(command("SPOP q 1"), [b"a"])) == [said]
