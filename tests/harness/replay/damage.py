"""Damage to a record, seeded: `python -m tests.harness.replay.damage RECORD [--number 1000]` judges so many of one.

Each comes to verdicts or to one line that says why not. Where lines are lost, and none is changed, a verdict is the
one that was recorded, or unknown.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from harness.errors import UsageError
from harness.record.opening import Parts, parts_of
from harness.replay.judging import Wanted, replay

Lines = list[bytes]
WRONG: Final[tuple[Any, ...]] = (None, -1, 2**70, 1e308, "", "x", [], {}, [[]], {"is": "flow"}, True)


def lose_some(lines: Lines, chance: random.Random) -> Lines:
    gone = set(chance.sample(range(len(lines)), chance.randint(1, 5)))
    return [line for number, line in enumerate(lines) if number not in gone]


def tear(lines: Lines, chance: random.Random) -> Lines:
    """The end is gone, in the middle of a line: a disk was full, or a process killed."""
    content = b"\n".join(lines)
    return content[: chance.randrange(len(content))].split(b"\n")


def blot(lines: Lines, chance: random.Random) -> Lines:
    """Zeros in place of some bytes, as after a crash of the machine."""
    content = bytearray(b"\n".join(lines))
    begin, length = chance.randrange(len(content)), chance.randint(1, 400)
    content[begin : begin + length] = bytes(len(content[begin : begin + length]))
    return bytes(content).split(b"\n")


def add_noise(lines: Lines, chance: random.Random) -> Lines:
    noise = [
        b"{",
        b"[]",
        b"null",
        b"17",
        b'{"seq": 1}',
        b"\xff\xfe",
        b"[" * 5000,
        chance.randbytes(60).replace(b"\n", b""),
    ]
    place = chance.randrange(len(lines))
    return [*lines[:place], chance.choice(noise), *lines[place:]]


def repeat(lines: Lines, chance: random.Random) -> Lines:
    place = chance.randrange(len(lines))
    return [*lines[:place], lines[place], *lines[place:]]


def swap(lines: Lines, chance: random.Random) -> Lines:
    place = chance.randrange(1, len(lines))
    return [*lines[: place - 1], lines[place], lines[place - 1], *lines[place + 1 :]]


def flip(lines: Lines, chance: random.Random) -> Lines:
    """One byte is another: what is read may be something else than was written."""
    content = bytearray(b"\n".join(lines))
    content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content).split(b"\n")


def mistype(lines: Lines, chance: random.Random) -> Lines:
    """A field of an event is of another type."""
    place = chance.randrange(len(lines))
    try:
        row = json.loads(lines[place])
    except ValueError:
        return lines
    if isinstance(row, dict) and row:
        row[chance.choice(sorted(row))] = chance.choice(WRONG)
        return [*lines[:place], json.dumps(row).encode(), *lines[place + 1 :]]
    return lines


LOSING: Final[tuple[Callable[[Lines, random.Random], Lines], ...]] = (lose_some, tear, blot, add_noise, repeat, swap)
CHANGING: Final[tuple[Callable[[Lines, random.Random], Lines], ...]] = (flip, mistype)


def asked_wrongly(verdicts: bytes, chance: random.Random) -> bytes:
    """Something in what was asked is of another kind."""
    table = json.loads(verdicts)
    asked = [line["asked"] for line in table["checks"] if "asked" in line]
    for one in chance.sample(asked, min(3, len(asked))):
        place: Any = one
        while isinstance(place, dict | list) and place and chance.random() < 0.8:
            name = chance.choice(sorted(place)) if isinstance(place, dict) else chance.randrange(len(place))
            if not isinstance(place[name], dict | list) or chance.random() < 0.4:
                place[name] = chance.choice(WRONG)
                break
            place = place[name]
    return json.dumps(table).encode()


def damaged(parts: Parts, chance: random.Random) -> tuple[str, Parts, bool]:
    """The kind of damage, the record with it, and whether something that can be read was changed."""
    assert parts.verdicts is not None
    kind = chance.randrange(10)
    if kind == 0:
        return (
            "verdicts torn",
            Parts(parts.name, parts.history, parts.verdicts[: chance.randrange(len(parts.verdicts))]),
            True,
        )
    if kind == 1:
        return "asked wrongly", Parts(parts.name, parts.history, asked_wrongly(parts.verdicts, chance)), True
    how = chance.choice((*LOSING, *LOSING, *CHANGING))
    history = b"\n".join(how(parts.history.split(b"\n"), chance))
    return how.__name__, Parts(parts.name, history, parts.verdicts), how in CHANGING


def judged(parts: Parts, chance: random.Random) -> str:
    """What became of one damaged record; raises AssertionError where more is said than its lines can carry."""
    kind, record, changed = damaged(parts, chance)
    try:
        found = replay(record, Wanted())
    except UsageError as error:
        return f"{kind}: refused in {len(str(error).splitlines())} line"
    for line in found.lines:
        lost = line.now is None or line.outcome == "unknown"
        assert changed or lost or not line.differs, f"{kind}: {line.before} became {line.now}"
    unknown = sum(line.now is None for line in found.lines)
    return f"{kind}: {'told' if found.damaged else 'not told'}, {'some' if unknown else 'none'} can't be judged"


def main() -> None:
    asked = argparse.ArgumentParser(prog="tests.harness.replay.damage", description="Damaged records, judged again.")
    asked.add_argument("record", type=Path)
    asked.add_argument("--number", type=int, default=1000)
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    parts = parts_of(options.record)
    counted = Counter(judged(parts, random.Random(options.seed * 10**6 + n)) for n in range(options.number))
    for what, number in sorted(counted.items()):
        print(f"{number:6} {what}")
    print(f"{options.number} damaged records judged: no traceback, and nothing claimed that isn't in them")
    sys.exit(0)


if __name__ == "__main__":
    main()
