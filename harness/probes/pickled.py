"""The plain values in a pickle: its opcodes are read as data, none that names, makes or calls anything is obeyed.

Pickle is a language that calls what it names, so the standard library's own readers aren't used at all; `pickletools`
only takes the bytes apart. A pickle that holds an object of a class is ValueError, with the class's name.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterable
from typing import Any, Final

MOST: Final = 200_000
"""Opcodes; a pickle with more isn't read."""
VALUES: Final = frozenset(
    {
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
        *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    }
)
"""Opcodes whose argument is the value itself."""
CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
TUPLES: Final = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
STORES: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
FETCHES: Final = frozenset({"GET", "BINGET", "LONG_BINGET"})
NAMES: Final = frozenset({"GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"})


def unpickled(data: bytes) -> Any:
    """The value in a pickle of plain values; ValueError for any other, and for bytes that are none."""
    machine = Machine()
    try:
        for number, (code, argument, _) in enumerate(pickletools.genops(data)):
            if number > MOST:
                raise ValueError(f"a pickle of more than {MOST} opcodes")
            if code.name == "STOP":
                return machine.stack.pop()
            machine.take(code.name, argument)
    except (IndexError, KeyError, TypeError, OverflowError, MemoryError, RecursionError) as error:
        raise ValueError(f"no pickle: {error}") from error
    raise ValueError("no pickle: it has no end")


EMPTY: Final[dict[str, Callable[[], Any]]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
MORE: Final = {"APPEND": 1, "SETITEM": 2, "APPENDS": 0, "SETITEMS": 0, "ADDITEMS": 0}


class Machine:
    """The stack and the memo of pickle's machine, for the opcodes that carry plain values."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def take(self, name: str, argument: Any) -> None:
        """Obeys one opcode; raises ValueError for one that could do more than hold a value."""
        stack = self.stack
        if name in VALUES:
            stack.append(argument)
        elif name in CONSTANTS:
            stack.append(CONSTANTS[name])
        elif name in STORES:
            self._memo[len(self._memo) if name == "MEMOIZE" else int(argument)] = stack[-1]
        elif name in FETCHES:
            stack.append(self._memo[int(argument)])
        elif name in TUPLES:
            taken = stack[-TUPLES[name] :]
            del stack[-TUPLES[name] :]
            stack.append(tuple(taken))
        elif name in ("PROTO", "FRAME"):
            pass
        elif name in NAMES:
            of = f" {argument}" if argument else f" {'.'.join(map(str, stack[-2:]))}" if name == "STACK_GLOBAL" else ""
            raise ValueError(f"a pickle that names{of[:80]}: only plain values are read")
        else:
            self._build(name)

    def _build(self, name: str) -> None:
        if name == "MARK":
            self._marked.append(self.stack)
            self.stack = []
        elif name in EMPTY:
            self.stack.append(EMPTY[name]())
        elif name in WHOLE:
            values = self._since()
            self.stack.append(WHOLE[name](values))
        elif name in MORE:
            values = self._last(MORE[name]) if MORE[name] else self._since()
            add(self.stack[-1], values, pairwise=name.startswith("SETITEM"))
        elif name == "POP":
            self.stack.pop()
        elif name == "POP_MARK":
            self._since()
        elif name == "DUP":
            self.stack.append(self.stack[-1])
        else:
            raise ValueError(f"a pickle with {name}: only plain values are read")

    def _since(self) -> list[Any]:
        """What came since the last mark, taken off."""
        values, self.stack = self.stack, self._marked.pop()
        return values

    def _last(self, number: int) -> list[Any]:
        values = self.stack[-number:]
        del self.stack[-number:]
        return values


def add(to: Any, values: list[Any], *, pairwise: bool) -> None:
    """Adds to a list, a set or a dict."""
    if pairwise or isinstance(to, set):
        to.update(pairs(values) if pairwise else values)
    else:
        to.extend(values)


def pairs(flat: Iterable[Any]) -> dict[Any, Any]:
    values = list(flat)
    return dict(zip(values[::2], values[1::2], strict=True))


WHOLE: Final[dict[str, Callable[[list[Any]], Any]]] = {
    "LIST": list,
    "TUPLE": tuple,
    "FROZENSET": frozenset,
    "DICT": pairs,
}
