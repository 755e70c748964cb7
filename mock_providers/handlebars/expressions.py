"""What stands in a tag: names, values, and helpers with what is given to them."""

from __future__ import annotations

from mock_providers.handlebars import limits
from mock_providers.handlebars.errors import LimitError, TemplateError
from mock_providers.handlebars.nodes import Call, Expression, Literal, Path
from mock_providers.handlebars.tokens import Token


def call_of(tokens: list[Token], line: int) -> Call:
    """All words of a tag; raises TemplateError where they make no expression."""
    reader = _Reader(tokens, line)
    call = reader.call()
    reader.end()
    return call


def name_of(tokens: list[Token], line: int, *, alone: bool = False) -> str:
    """The name that a block is opened or closed with, as it is written."""
    reader = _Reader(tokens, line)
    name = reader.name().text
    if alone:
        reader.end()
    return name


class _Reader:
    """Reads the words of one tag, from left to right."""

    def __init__(self, tokens: list[Token], line: int) -> None:
        self._tokens = tokens
        self._line = line
        self._at = 0
        self._depth = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._wrong(f"{self._tokens[self._at].text!r} can't stand there")

    def call(self) -> Call:
        name = self.name()
        given: list[Expression] = []
        options: dict[str, Expression] = {}
        while (kind := self._kind()) is not None and kind not in (")", "as"):
            if kind == "word" and self._kind(1) == "=":
                key = str(self._tokens[self._at].value)
                self._at += 2
                options[key] = self._value()
            elif options:
                raise self._wrong("what has a name (name=value) stands last")
            else:
                given.append(self._value())
        return Call(name, tuple(given), options, self._line)

    def name(self) -> Path:
        """A path; a string, a number or a constant names a member of the data, too."""
        kind = self._kind()
        if kind in ("string", "literal"):
            text = self._next().text
            return Path(text, (text,), plain=True)
        return self._path()

    def _value(self) -> Expression:
        kind = self._kind()
        if kind in ("string", "literal"):
            token = self._next()
            return Literal(token.value, token.text)
        if kind != "(":
            return self._path()
        self._depth += 1
        if self._depth > limits.DEPTH:
            raise LimitError(f"it has more than {limits.DEPTH} brackets inside one another", line=self._line)
        self._at += 1
        call = self.call()
        if self._kind() != ")":
            raise self._wrong("a ( is not closed")
        self._at += 1
        self._depth -= 1
        return call

    def _path(self) -> Path:
        data = self._kind() == "@"
        self._at += data
        texts: list[str] = ["@"] if data else []
        parts: list[str] = []
        up = 0
        scoped = False
        while True:
            if self._kind() not in ("word", "dots"):
                seen = self._tokens[self._at].text if self._kind() is not None else "the end of the tag"
                raise self._wrong(f"a name should stand before {seen}")
            token = self._next()
            texts.append(token.text)
            if token.text in ("this", ".", ".."):
                if parts:
                    raise self._wrong(f"{''.join(texts)} is no path: {token.text} stands first")
                up += token.text == ".."
                scoped = True
            else:
                parts.append(str(token.value))
            if self._kind() != "separator":
                break
            texts.append(self._next().text)
        plain = len(parts) == 1 and not scoped and not data
        return Path("".join(texts), tuple(parts), up=up, data=data, plain=plain)

    def _kind(self, ahead: int = 0) -> str | None:
        at = self._at + ahead
        return self._tokens[at].kind if at < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _wrong(self, message: str) -> TemplateError:
        return TemplateError(message, line=self._line)
