"""A damaged journal loses what was hit and nothing else, and says so; `JOURNAL_ROUNDS=2000` tries more of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from journals import ROUNDS, read, texts_in, write

from mock_providers.errors import JournalError
from mock_providers.journal.lines import header, seal

TEXTS = [f"text {n}, {'x' * (n * 7 % 90)}" for n in range(1, 41)]


def truncate(held: bytes, rng: Random) -> bytes:
    return held[: rng.randrange(len(held))]


def flip(held: bytes, rng: Random) -> bytes:
    changed = bytearray(held)
    for _ in range(rng.randint(1, 4)):
        changed[rng.randrange(len(held))] ^= rng.randint(1, 255)
    return bytes(changed)


def insert(held: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(held) + 1)
    return held[:at] + rng.randbytes(rng.randint(1, 300)) + held[at:]


def zero(held: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(held))
    end = min(at + rng.randint(1, 1500), len(held))
    return held[:at] + bytes(end - at) + held[end:]


def remove(held: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(held))
    return held[:at] + held[at + rng.randint(1, 800) :]


def swap_lines(held: bytes, rng: Random) -> bytes:
    lines = held.splitlines(keepends=True)
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def swap_blocks(held: bytes, rng: Random) -> bytes:
    a, b, c, d = sorted(rng.randrange(len(held) + 1) for _ in range(4))
    return held[:a] + held[c:d] + held[b:c] + held[a:b] + held[d:]


def repeat(held: bytes, rng: Random) -> bytes:
    lines = held.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    return b"".join(lines[: at + 1] + lines[max(0, at - rng.randrange(5)) :])


def append(held: bytes, rng: Random) -> bytes:
    return held + rng.randbytes(rng.randint(1, 3000))


def append_zeros(held: bytes, rng: Random) -> bytes:
    return held + bytes(rng.randint(1, 9000))


DAMAGES: list[Callable[[bytes, Random], bytes]] = [
    truncate, flip, insert, zero, remove, swap_lines, swap_blocks, repeat, append, append_zeros,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("segment_bytes", [10**9, 1500], ids=["one file", "segments"])
def test_what_was_not_hit_is_shown_and_what_was_is_told(
    tmp_path: Path, damage: Callable[[bytes, Random], bytes], segment_bytes: int
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    write(whole / "journal", TEXTS, segment_bytes=segment_bytes)
    files = {path.name: path.read_bytes() for path in whole.iterdir()}
    written = {entry[0]: line for held in files.values() for line, entry in records(held)}
    assert sorted(written) == list(range(1, len(TEXTS) + 1))
    refused = 0
    rounds = max(20, ROUNDS // len(DAMAGES))
    for seed in range(rounds):
        rng = Random(f"{damage.__name__} {segment_bytes} {seed}")
        folder = tmp_path / str(seed)
        folder.mkdir()
        hit = rng.choice(sorted(files))
        damaged = files | {hit: damage(files[hit], rng)}
        for name, held in damaged.items():
            (folder / name).write_bytes(held)
        path = folder / "journal"
        left = b"\n".join(damaged.values())
        intact = {seq for seq, line in written.items() if line in left}
        try:
            shown, condition = read(path, segment_bytes=segment_bytes)
        except JournalError:
            # only where the damage is in the file's first words can there be doubt whose it is
            first = len(header(0))
            assert (hit, damaged[hit][:first] != files[hit][:first]) == ("journal", True), seed
            assert {name: (folder / name).read_bytes() for name in damaged} == damaged, seed
            refused += 1
            continue
        seqs = [seq for seq, _ in shown]
        assert seqs == sorted(set(seqs)), seed
        assert {(seq, TEXTS[seq - 1]) for seq in seqs} == set(shown), seed
        aside = hit != "journal" and any(hit in note for note in condition["notes"])
        lost = intact - set(seqs)
        assert not lost or aside, (seed, lost)
        if set(range(1, max(seqs, default=0) + 1)) - set(seqs):
            assert condition["missing"] or condition["damaged"] or condition["notes"], seed
        # nothing is gone from the disk: it is in the file, or in the one that is kept beside it
        for name, held in damaged.items():
            now = (folder / name).read_bytes()
            torn = folder / f"{name}.torn-1"
            kept = torn.read_bytes() if torn.exists() else b""
            assert now.startswith(held[: len(held) - len(kept)]), seed
            assert held.endswith(kept), seed
        # and the record goes on
        write(path, ["after"], segment_bytes=segment_bytes)
        again, _ = read(path, segment_bytes=segment_bytes)
        assert (again[:-1], again[-1][1]) == (shown, "after"), seed
    assert refused <= rounds // 2


def records(held: bytes) -> list[tuple[bytes, tuple[int, str]]]:
    """Each entry's line without its end, and what it says."""
    lines = [(line, json.loads(line)) for line in held.splitlines()]
    return [(line, (said["seq"], said["text"])) for line, said in lines if "seq" in said]


def entry(seq: int, **members: Any) -> bytes:
    said = {"seq": seq, "at": 1.0, "type": "called", "provider": "twilio", "account": "AC", "call": seq}
    return seal(json.dumps(said | {"text": str(seq)} | members, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    ("held", "shown", "counted"),
    [
        ([entry(1), entry(3)], [1, 3], {"missing": 1}),
        ([entry(1), entry(1), entry(2)], [1, 2], {"duplicates": 1}),
        ([entry(2), entry(1), entry(3)], [1, 2, 3], {"disordered": 1}),
        ([entry(3), entry(2), entry(1)], [1, 2, 3], {"disordered": 2}),
        ([entry(1), entry(2), entry(1, text="another"), entry(3)], [1, 2, 3], {"conflicting": 1}),
        ([entry(1), b"garbage\n", entry(2)], [1, 2], {"damaged": 1}),
        ([entry(1), b"\n", entry(2)], [1, 2], {"damaged": 1}),
        ([entry(1)[:-1], b"!", entry(2)], [1, 2], {"damaged": 1}),
        ([entry(1), b"some of" + entry(2), entry(3)], [1, 2, 3], {"damaged": 1}),
        ([entry(1), entry(2)[:-30] + b"\n", entry(3)], [1, 3], {"damaged": 1, "missing": 1}),
        ([entry(1), seal(b'{"seq":2}'), entry(3)], [1, 3], {"damaged": 1, "missing": 1}),
        ([entry(1), seal(b"[]"), entry(2)], [1, 2], {"damaged": 1}),
        ([entry(1), entry(2, at=1e300), entry(3)], [1, 3], {"damaged": 1, "missing": 1}),
        ([entry(1), entry(2, account=7), entry(3)], [1, 3], {"damaged": 1, "missing": 1}),
        ([entry(1), entry(10**14)], [1, 10**14], {"missing": 10**14 - 2}),
        ([entry(1), entry(10**18), entry(2)], [1, 2], {"damaged": 1}),
        ([entry(1), seal(b'{"journal":"mock-providers","version":2}'), entry(2)], [1, 2], {"damaged": 1}),
        ([entry(1), entry(4, type="reset", provider=None, account=None), entry(2), entry(5)], [5], {"missing": 1}),
        ([entry(1), entry(3), entry(2, type="reset"), entry(4)], [3, 4], {}),
        ([header(7), entry(8), header(8), entry(9), header(12), entry(13)], [8, 9, 13], {}),
        ([header(7), entry(9)], [9], {"missing": 1}),
    ],
)  # fmt: skip
def test_each_kind_is_counted(tmp_path: Path, held: list[bytes], shown: list[int], counted: dict[str, int]) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"".join(held))
    seen, condition = read(path)
    assert [seq for seq, _ in seen] == shown
    names = ("damaged", "missing", "duplicates", "conflicting")
    assert {name: condition[name] for name in names if condition[name]} == {
        name: count for name, count in counted.items() if name in names
    }
    assert condition["disordered"] >= counted.get("disordered", 0)
    assert path.read_bytes() == b"".join(held)


def test_a_lost_segment_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    write(path, TEXTS, segment_bytes=1500)
    parts = sorted(one for one in tmp_path.iterdir() if one != path)
    assert len(parts) > 3
    gone = len(texts_in(parts[1]))
    parts[1].unlink()
    shown, condition = read(path, segment_bytes=1500)
    assert (len(shown), condition["missing"]) == (len(TEXTS) - gone, gone)
    for part in parts[2:]:
        part.unlink()
    path.write_bytes(header(len(TEXTS)))
    assert read(path)[1]["missing"] == len(TEXTS) - len(texts_in(parts[0]))
    write(path, ["after"])
    assert texts_in(path) == [(len(TEXTS) + 1, "after")], "a number is never given again"


def test_what_a_client_sent_is_never_taken_for_a_record(tmp_path: Path) -> None:
    """A message that holds a sealed line is the text of a message, however its own line is damaged."""
    path = tmp_path / "journal"
    forged = entry(99, text="forged").decode().rstrip()
    write(path, [forged, forged + "\n", "a"])
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + b"\0" + whole[at + 1 :])
        try:
            shown, _ = read(path)
        except JournalError:
            continue
        assert 99 not in dict(shown), at
        for torn in tmp_path.glob("*.torn-*"):
            torn.unlink()
