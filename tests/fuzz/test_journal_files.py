"""Journals put together of anything: each is served or refused in one line, and what is refused isn't changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from mock_providers.bodies import Bodies
from mock_providers.errors import JournalError
from mock_providers.journal import Filter, Journal
from mock_providers.journal.lines import header, seal
from mock_providers.memory import Memory

ODD: list[Any] = [
    None, True, 0, -1, 1, 2, 7, 10**14, 10**15, 10**30, 1.5, -0.0, 1e11, 1e308, "", "called", "reset", "twilio", "AC",
    "\ud800", "\0", [], {}, [[]], {"seq": 1},
]  # fmt: skip

TAIL = b',"crc":"00000000"}'


def entry(rng: Random) -> dict[str, Any]:
    seq = rng.randint(1, 30)
    made: dict[str, Any] = {"seq": seq, "at": 1.0 + seq, "type": "called", "provider": "twilio", "account": "AC"}
    made |= {"call": seq, "to": [], "text": str(seq)}
    if rng.random() < 0.3:
        made["type"] = "reset"
    while rng.random() < 0.3:
        made[rng.choice([*made, "other"])] = rng.choice(ODD)
    return made


def piece(rng: Random) -> bytes:
    """A line of ours, or something that is nearly one."""
    kind = rng.random()
    if kind < 0.5:
        made = seal(json.dumps(entry(rng), separators=(",", ":")).encode())
    elif kind < 0.65:
        made = rng.choice([header(rng.randint(0, 40)), seal(b'{"journal":"mock-providers","version":9,"after":0}')])
    elif kind < 0.75:
        made = seal(json.dumps(rng.choice(ODD)).encode())
    elif kind < 0.85:
        made = rng.choice(
            [b"\n", b"\0" * rng.randint(1, 200), b"[" * 5000 + b"\n", b'{"seq":' * 50, b',"crc":"00000000"}']
        )
    else:
        made = rng.randbytes(rng.randint(0, 200))
    return made if rng.random() < 0.9 else made[: rng.randint(0, len(made))]


def put_together(folder: Path, rng: Random) -> None:
    first = rng.choice([header(0), b"", piece(rng)])
    (folder / "journal").write_bytes(first + b"".join(piece(rng) for _ in range(rng.randint(0, 12))))
    for n in range(rng.randint(0, 2)):
        held = b"".join(piece(rng) for _ in range(rng.randint(0, 6)))
        (folder / f"journal.{rng.randint(0, 50) * 7 + n:015d}").write_bytes(held)
    if rng.random() < 0.3:
        kept = rng.choice([*ODD, {"twilio/AC": rng.choice(ODD)}, {"accounts": "mock-providers", "version": 1}])
        (folder / "journal.accounts").write_text(json.dumps(kept))
    if rng.random() < 0.3:
        (folder / "journal.bodies").mkdir()
        for name in ("1", "2-3-00000000.body", "999-0-00000001.body", "x", "3.body", "007"):
            (folder / "journal.bodies" / name).write_bytes(rng.randbytes(rng.randint(0, 3)))


def held_by(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def use(path: Path) -> None:
    """What a server does with a journal at its start, and what it is asked for then."""
    memory = Memory(path)
    assert all(provider and isinstance(settings, dict) for provider, _, settings in memory)
    bodies = Bodies(path)
    journal = Journal(path)
    try:
        bodies.find(journal.seq)
        seqs = [entry["seq"] for _, entry in journal.read(Filter()) if entry is not None]
        assert seqs == sorted(set(seqs))
        back = [entry["seq"] for _, entry in journal.read_back(Filter(), before=10**18) if entry is not None]
        assert back[::-1] == seqs
        of_one = Filter(account="AC", search="1")
        assert all(entry is None or entry["account"] == "AC" for _, entry in journal.read(of_one))
        assert all(journal.exchange(journal.entry(seq) or {}) for seq in seqs)
        json.dumps(journal.condition.to_json())
    finally:
        journal.close()


def test_journals_of_anything(tmp_path: Path, share: Callable[[], bool]) -> None:
    served = refused = 0
    while share() or not (served and refused):
        seed = served + refused
        rng = Random(seed)
        folder = tmp_path / "one"
        folder.mkdir()
        put_together(folder, rng)
        before = held_by(folder)
        try:
            use(folder / "journal")
            served += 1
            use(folder / "journal")
            said = ""
        except JournalError as error:
            said = str(error)
            refused += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
        assert "\n" not in said, seed
        after = held_by(folder)
        # the bodies here are nobody's: none is what its name says
        untouched = before if said else {name: held for name, held in before.items() if "bodies" in name}
        assert {name: after[name] for name in untouched} == untouched, seed
        assert not said or after.keys() == before.keys(), seed
        shutil.rmtree(folder)
