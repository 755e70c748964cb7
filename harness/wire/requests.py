"""The commands in the bytes that a client sends, read as Redis itself reads them: multibulk or inline."""

from __future__ import annotations

from collections.abc import Iterator

from harness.wire.commands import Command

MOST_WORDS = 1024 * 1024
LONGEST_WORD = 512 * 1024 * 1024
LONGEST_LINE = 64 * 1024
"""What Redis takes of a client; with more it hangs up."""
SEPARATORS = b" \t\n\v\f\r\0"
QUOTED = {ord("n"): b"\n", ord("r"): b"\r", ord("t"): b"\t", ord("b"): b"\b", ord("a"): b"\a"}


class Requests:
    """Bytes in whatever pieces become commands; `broken` says why Redis will hang up on what came."""

    def __init__(self) -> None:
        self.broken = ""
        self._bytes = bytearray()
        self._at = 0
        self._words: Command = []
        self._left = 0  # words of the command that are still to come
        self._size = -1  # of the next word; -1 until its line has been read

    @property
    def left(self) -> int:
        """How many bytes there are behind the command that was given last."""
        return len(self._bytes) - self._at

    def feed(self, data: bytes) -> Iterator[Command]:
        """Takes bytes; the commands that are complete with them."""
        if self.broken:
            return
        self._bytes += data
        try:
            while (command := self._next()) is not None:
                if command:  # Redis says nothing to an empty one
                    yield command
        except ValueError as error:
            self.broken = str(error)
            self._bytes.clear()
            return
        del self._bytes[: self._at]
        self._at = 0

    def _next(self) -> Command | None:
        """The next command, empty for an empty line; None while more bytes are needed."""
        if not self._left:
            if self._at >= len(self._bytes):
                return None
            if self._bytes[self._at] != ord("*"):
                return self._inline()
            line = self._line()
            if line is None:
                return None
            self._left = number(line, most=MOST_WORDS)
            self._words = []
            if self._left <= 0:
                self._left = 0
                return []
        while self._left:
            if not self._word():
                return None
        return self._words

    def _word(self) -> bool:
        if self._size < 0:
            line = self._line()
            if line is None:
                return False
            if line[:1] != b"$":
                raise ValueError(f"expected '$', got {line[:1]!r}")
            self._size = number(line, most=LONGEST_WORD)
            if self._size < 0:
                raise ValueError("a word of negative length")
        end = self._at + self._size
        if len(self._bytes) < end + 2:
            return False
        self._words.append(bytes(self._bytes[self._at : end]))
        self._at, self._size = end + 2, -1
        self._left -= 1
        return True

    def _line(self) -> bytes | None:
        end = self._bytes.find(b"\r", self._at)
        if end < 0 or end + 1 >= len(self._bytes):
            if len(self._bytes) - self._at > LONGEST_LINE:
                raise ValueError("a line without end")
            return None
        line = bytes(self._bytes[self._at : end])
        self._at = end + 2
        return line

    def _inline(self) -> Command | None:
        end = self._bytes.find(b"\n", self._at)
        if end < 0:
            if len(self._bytes) - self._at > LONGEST_LINE:
                raise ValueError("an inline command without end")
            return None
        line = bytes(self._bytes[self._at : end])
        self._at = end + 1
        return list(words(line.removesuffix(b"\r")))


def number(line: bytes, *, most: int) -> int:
    """The number in a line such as `*3`; ValueError where Redis would refuse it."""
    digits = line[1:]
    if not digits.removeprefix(b"-").isdigit() or int(digits) > most:
        raise ValueError(f"no length: {line[:40]!r}")
    return int(digits)


def words(line: bytes) -> Iterator[bytes]:
    """The words of an inline command, with quotes as redis-cli knows them; ValueError where they don't match."""
    at = 0
    while at < len(line):
        if line[at] in SEPARATORS:
            at += 1
            continue
        word = bytearray()
        while at < len(line) and line[at] not in SEPARATORS:
            if line[at] in b"\"'":
                at = quoted(line, at, word)
                break
            word.append(line[at])
            at += 1
        yield bytes(word)


def quoted(line: bytes, at: int, word: bytearray) -> int:
    """Adds a quoted part to a word; the place behind it."""
    quote, at = line[at], at + 1
    while at < len(line):
        here = line[at]
        if here == quote:
            if at + 1 < len(line) and line[at + 1] not in SEPARATORS:
                break
            return at + 1
        if here == ord("\\") and at + 1 < len(line):
            code = line[at + 2 : at + 4]
            if quote == ord('"') and line[at + 1] == ord("x") and len(code) == 2 and is_hex(code):
                word.append(int(code, 16))
                at += 4
                continue
            if quote == ord('"') or line[at + 1] == quote:
                word += QUOTED.get(line[at + 1], line[at + 1 : at + 2]) if quote == ord('"') else b"'"
                at += 2
                continue
        word.append(here)
        at += 1
    raise ValueError("unbalanced quotes")


def is_hex(code: bytes) -> bool:
    return all(letter in b"0123456789abcdefABCDEF" for letter in code)
