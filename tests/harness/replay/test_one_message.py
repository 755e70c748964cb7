"""One message out of a record without reading the others: the same as reading every line, whatever stands in it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from damage import CHANGING, LOSING
from recorded_runs import record

from harness.errors import UsageError
from harness.history import Flow, History, key
from harness.record.lines import Lines, quoted
from harness.record.message import message_of
from harness.record.opening import mapped
from harness.record.rows import in_order, row_at
from harness.record.scenarios import message_keys
from harness.reports.finding import find, last_failed, of_scenario
from harness.reports.lanes import Timeline, timeline

pytestmark = [pytest.mark.xdist_group("replay"), pytest.mark.unmeasured]

Said = tuple[Any, ...]


def said(drawn: Timeline) -> tuple[str, list[Said], int]:
    """All that a timeline shows, but for the places in the history that it was made of."""
    rows = []
    for row in drawn.rows:
        event = row.event
        own = (event.at, event.seen, event.source, event.kind, event.message_id, dict(event.data), event.keys)
        rows.append((*own, row.lane, row.actor, row.since_ms, row.gap_ms, row.said, row.open, row.shaded, row.ours))
    return drawn.title, rows, drawn.left_out


def all_read(content: bytes) -> dict[str, History]:
    """The history of each run, of every line that is an event."""
    rows = [row for begin, end in Lines(content).all() if (row := row_at(content, begin, end)) is not None]
    runs = dict.fromkeys(row.run for row in rows)
    return {run: History.of(one.event for one in in_order([r for r in rows if r.run == run], content)) for run in runs}


def every_message(histories: dict[str, History]) -> Iterator[tuple[str, str, Flow]]:
    for run, history in histories.items():
        for name in message_keys_of(history):
            events = history.flow(name)
            if events:  # else only a damaged id says so, and no event is of a message of that name
                yield run, name, Flow(events, name=name.partition(":")[2])


def message_keys_of(history: History) -> list[str]:
    names = (key("message", one) for one in history.flow_ids())
    tokens = (one for event in history.events() for one in event.keys if one.startswith(("token:", "provider:")))
    return list(dict.fromkeys([*names, *tokens]))


def compared(content: bytes, chosen: int, chance: random.Random) -> int:
    """How many messages were compared."""
    histories = all_read(content)
    known = list(every_message(histories))
    number = 0
    for run, name, flow in chance.sample(known, min(chosen, len(known))):
        part = message_of(content, name.partition(":")[2], "here")
        if part.run != run or name not in {one for event in part.flows[0].events for one in event.keys}:
            continue  # the same word names another message as well, and comes first
        assert said(timeline(part.history, part.flows[0])) == said(timeline(histories[run], flow))
        number += 1
    return number


def test_every_message_of_a_record_is_as_all_lines_say_it(run: Path) -> None:
    assert compared((run / "history.jsonl").read_bytes(), 200, random.Random(1)) > 60


def test_of_runs_side_by_side_each_message_is_its_own_runs(tmp_path: Path) -> None:
    kept = record(tmp_path / "run", "-n", "2")
    content = (kept / "history.jsonl").read_bytes()
    assert set(all_read(content)) == {"gw0", "gw1"}
    assert compared(content, 120, random.Random(2)) > 60


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_record_says_the_same_either_way(run: Path, seed: int) -> None:
    chance = random.Random(seed)
    lines = (run / "history.jsonl").read_bytes().split(b"\n")
    how = (*LOSING, *CHANGING)[seed % len((*LOSING, *CHANGING))]
    content = b"\n".join(how(lines, chance))
    try:
        all_read(content)
    except UsageError:
        return  # the damage made it a record of a later form
    compared(content, 12, chance)


HOSTILE = ('"message:{id}"', '\\"message:{id}\\"', '{{"keys":["message:{id}"]}}', '"keys":["message:{id}"]', ":{id}")


def line(seq: int, **more: Any) -> str:
    plain = {"at": 1.0 + seq, "seen": 1.0 + seq, "source": "api", "kind": "api.requested", "message_id": None}
    return json.dumps({"seq": seq, **plain, "data": {}, "keys": [], **more}, separators=(",", ":"))


def test_an_id_in_anothers_text_pulls_nothing_in(tmp_path: Path) -> None:
    name = "5b0e3c1e-0000-4000-8000-000000000001"
    own = [line(0, keys=["request:1", "token:#one"]), line(1, message_id=name, keys=["token:#one", f"message:{name}"])]
    others = [
        line(2 + n, keys=[f"message:other-{n}"], data={"text": text.format(id=name), "entry": f"message:{name}"})
        for n, text in enumerate(HOSTILE)
    ]
    others.append(line(9, keys=["request:12", "request:11", f"note:{name}", "token:#one1"]))
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join([*others, *own, ""]), encoding="utf-8")
    for asked in (name, name[:8], "#one"):
        part = message_of(mapped(path).history, asked, "here")
        assert [event.kind for event in part.flows[0].events] == ["api.requested"] * 2
        assert part.places == [0, 1]


@pytest.mark.parametrize("name", ["ünïcode", 'quo"te', "back\\slash", "e", "tab\t", "日本"])
def test_a_name_that_json_writes_in_several_ways_is_found(tmp_path: Path, name: str) -> None:
    path = tmp_path / "history.jsonl"
    written = [line(0, keys=[f"token:{name}"]), line(1, keys=["token:else"])]
    written.append(json.dumps(json.loads(line(2, keys=[f"token:{name}"])), ensure_ascii=False))
    path.write_text("\n".join(written), encoding="utf-8")
    assert message_of(mapped(path).history, name, "here").places == [0, 2]


def test_a_key_that_is_plain_is_looked_for_as_it_stands() -> None:
    assert quoted("entry:message_queue:sms/1-0") == b'"entry:message_queue:sms/1-0"'
    assert quoted("token:ü") == b"token:"
    assert quoted("ü") is None


@pytest.mark.parametrize("packed", [False, True])
def test_without_the_c_librarys_search_the_lines_are_the_same(
    run: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    content = (run / "history.jsonl").read_bytes()
    needles = [b'"kind":"provider.', b'"token:', b"nothing"]
    found = Lines(content).holding(needles) if packed else Lines(mapped(run).history).holding(needles)
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert Lines(content).holding(needles) == found
    lines = content.split(b"\n")
    assert len(found) == sum(any(one in line for one in needles) for line in lines) > 50


@pytest.mark.parametrize("piece", [777, 4096, 1 << 20])
def test_in_pieces_and_by_several_at_once_the_lines_are_the_same(
    run: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    content = (run / "history.jsonl").read_bytes()
    needles = [b'"kind":"provider.', b'"token:', b'"seq":1', b"}"]
    found = [Lines(content).holding([one]) for one in needles]
    monkeypatch.setattr("harness.record.lines.PIECE", piece)
    monkeypatch.setattr("harness.record.lines.LARGE", 1)
    assert [Lines(content).holding([one]) for one in needles] == found
    assert found[-1] == list(Lines(content).all())


def test_a_scenario_has_the_messages_that_it_sent(run: Path) -> None:
    verdicts = json.loads((run / "verdicts.json").read_text(encoding="utf-8"))["checks"]
    lines = [one for one in verdicts if one["check"] != "whole-record"]
    assert all(one["span"][0] < one["span"][1] for one in lines)
    name = next(one["scenario"] for one in lines if "stream[sms]" in one["scenario"])
    told = of_scenario(run, name)
    assert len(told.messages) == 1
    assert said(find(run, told.messages[0].timeline.title).timeline) == said(told.messages[0].timeline)
    with pytest.raises(UsageError, match=r"none of the .* scenarios in .* failed"):
        last_failed(run)


def test_what_failed_last_is_shown_from_an_archive_too(run: Path, tmp_path: Path) -> None:
    table = json.loads((run / "verdicts.json").read_text(encoding="utf-8"))
    chosen = next(one for one in table["checks"] if "stream[mms]" in one["scenario"])
    table["checks"] = [{k: v for k, v in one.items() if k != "asked"} for one in table["checks"]]
    for one in table["checks"]:
        if one["scenario"] == chosen["scenario"]:
            one |= {"verdict": "fail", "witnesses": []}
    shutil.copytree(run, tmp_path / "artifact" / "verify")
    (tmp_path / "artifact" / "verify" / "verdicts.json").write_text(json.dumps(table), encoding="utf-8")
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "artifact"))
    for path in (tmp_path / "artifact", packed):
        (told,) = last_failed(path)
        assert told.scenario.name == chosen["scenario"]
        assert [found.timeline.title for found in told.messages] == [
            found.timeline.title for found in of_scenario(run, chosen["scenario"]).messages
        ]


def test_message_keys_name_each_message_once() -> None:
    content = "\n".join([line(0, keys=["request:1", "token:#a"]), line(1, keys=["token:#a"])]).encode()
    rows = [row for begin, end in Lines(content).all() if (row := row_at(content, begin, end)) is not None]
    assert message_keys(rows) == ["token:#a"]
