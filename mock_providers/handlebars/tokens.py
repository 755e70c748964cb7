"""A template cut into text and tags, and a tag into words and signs: one pass, in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from mock_providers.handlebars import limits
from mock_providers.handlebars.errors import LimitError, TemplateError

Kind = Literal["word", "dots", "separator", "string", "literal", "=", "(", ")", "@", "|", "as"]

_WORD = re.compile(r"[^\s!\"#%&'()*+,./;<=>@\[\\\]^`{|}~]+")
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_AS = re.compile(r"as\s+\|")
_ELSE = re.compile(r"\s*else(?=[\s~}])")
_COMMENT_ENDS = re.compile(r"--~?\}\}")
_TAG_ENDS = re.compile(r"\}\}")
_DIVIDER_ENDS = re.compile(r"\s*~?\}\}")
_ENDS_NAME = frozenset("=~}/.)|")
_ENDS_LITERAL = frozenset("~})")
_TRIPLE = ("}~}}", "}}}")
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None, "undefined": None}


@dataclass(slots=True)
class Token:
    """A word or sign of a tag; `value` is what a string, number or bracketed name stands for."""

    kind: Kind
    text: str
    value: Any = None


@dataclass(slots=True)
class Tag:
    """One tag: its sign (`` for a value, `{` and `&` unescaped, `#`, `^`, `/`, `else`, `!`), its words, its `~`."""

    sign: str
    tokens: list[Token]
    trims: tuple[bool, bool]
    line: int


def scan(source: str) -> Iterator[str | Tag]:
    """Texts and tags in their order; raises TemplateError at what is neither."""
    if len(source) > limits.SOURCE:
        raise LimitError(f"it has more than {limits.SOURCE} characters")
    scanner = _Scanner(source)
    at = 0
    while at < len(source):
        opens = source.find("{{", at)
        if opens < 0:
            yield source[at:]
            return
        text = source[at:opens]
        escaped = text.endswith("\\") and not text.endswith("\\\\")
        text = text.removesuffix("\\")
        if text:
            yield text
        if escaped:
            scanner.count(opens)
            at = _end_of_escaped(source, opens)
            yield source[opens:at]
        else:
            tag, at = scanner.tag(opens)
            yield tag


def _end_of_escaped(source: str, opens: int) -> int:
    """Where the text of an escaped tag ends: before the next one, and the backslashes that belong to that."""
    end = source.find("{{", opens + 2)
    if end < 0:
        return len(source)
    for _ in range(2):
        if end > opens + 2 and source[end - 1] == "\\":
            end -= 1
    return end


class _Scanner:
    """Reads the tags of one template, and counts their words."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._left = limits.PARTS
        self._line = 1
        self._line_at = 0

    def tag(self, at: int) -> tuple[Tag, int]:
        """The tag that begins here, and where it ends."""
        source, line = self._source, self._line_of(at)
        if source.startswith("{{{{", at):
            raise TemplateError("raw blocks ({{{{…}}}}) are not filled in", line=line)
        begin = at + 2
        trim = source.startswith("~", begin)
        begin += trim
        self._count(line)
        if source.startswith("!", begin):
            return self._comment(begin, trim=trim, line=line)
        sign, begin = self._sign(begin, line)
        ended = _DIVIDER_ENDS.match(source, begin) if sign in ("else", "^") else None
        if ended is not None:  # one word to Handlebars, whatever brackets come after it
            return Tag(sign, [], (trim, "~" in ended[0]), line), ended.end()
        tokens: list[Token] = []
        while True:
            space = _SPACE.match(source, begin)
            begin = space.end() if space is not None else begin
            closing = _closing(source, begin)
            if closing is not None:
                break
            token, begin = self._token(begin, line)
            tokens.append(token)
            self._count(line)
        if (closing in _TRIPLE) != (sign == "{"):
            raise TemplateError("the tag closes with as many brackets as it opened with", line=line)
        return Tag(sign, tokens, (trim, "~" in closing), line), begin + len(closing)

    def count(self, at: int) -> None:
        """Counts an escaped tag, which is text."""
        self._count(self._line_of(at))

    def _line_of(self, at: int) -> int:
        # tags come in their order, so that every character is looked at once
        self._line += self._source.count("\n", self._line_at, at)
        self._line_at = at
        return self._line

    def _count(self, line: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise LimitError(f"it has more than {limits.PARTS} words in all its tags", line=line)

    def _comment(self, begin: int, *, trim: bool, line: int) -> tuple[Tag, int]:
        source = self._source
        # searched from the first dash on, so that a comment of dashes alone closes itself
        found = _COMMENT_ENDS.search(source, begin + 1) if source.startswith("!--", begin) else None
        if found is None and not source.startswith("!--", begin):
            found = _TAG_ENDS.search(source, begin)
        if found is None:
            raise TemplateError("a comment is not closed", line=line)
        return Tag("!", [], (trim, source[found.end() - 3] == "~"), line), found.end()

    def _sign(self, begin: int, line: int) -> tuple[str, int]:
        source = self._source
        for sign, name in ((">", "partials"), ("#>", "partials"), ("#*", "decorators"), ("*", "decorators")):
            if source.startswith(sign, begin):
                raise TemplateError(f"{name} ({{{{{sign}…}}}}) are not filled in", line=line)
        for sign in "{&#^/":
            if source.startswith(sign, begin):
                return sign, begin + 1
        word = _ELSE.match(source, begin)
        return ("else", word.end()) if word is not None else ("", begin)

    def _token(self, at: int, line: int) -> tuple[Token, int]:
        source = self._source
        if at >= len(source):
            raise TemplateError("a tag is not closed", line=line)
        sign = source[at]
        if sign in "\"'":
            return self._string(at, sign, line)
        if sign == "[":
            return self._bracketed(at, line)
        if sign in "=()@|":
            return Token(sign, sign), at + 1  # type: ignore[arg-type]  # reason: each of them is a kind
        if source.startswith("..", at):
            return Token("dots", ".."), at + 2
        if sign == "." and _ends(source, at + 1, _ENDS_NAME):
            return Token("dots", "."), at + 1
        if sign in "./":
            return Token("separator", sign), at + 1
        names = _AS.match(source, at)
        if names is not None:
            return Token("as", "as"), names.end()
        number = _NUMBER.match(source, at)
        if number is not None and _ends(source, number.end(), _ENDS_LITERAL):
            text = number[0]
            return Token("literal", text, float(text) if "." in text else int(text)), number.end()
        word = _WORD.match(source, at)
        if word is None or not _ends(source, word.end(), _ENDS_NAME):
            seen = source[at if word is None else word.end() :][:1]
            raise TemplateError(f"{seen!r} can't stand there" if seen else "a tag is not closed", line=line)
        if word[0] in _LITERALS and _ends(source, word.end(), _ENDS_LITERAL):
            return Token("literal", word[0], _LITERALS[word[0]]), word.end()
        return Token("word", word[0], word[0]), word.end()

    def _string(self, at: int, quote: str, line: int) -> tuple[Token, int]:
        end = self._source.find(quote, at + 1)
        while end > 0 and self._source[end - 1] == "\\":
            end = self._source.find(quote, end + 1)
        if end < 0:
            raise TemplateError("a string is not closed", line=line)
        text = self._source[at + 1 : end].replace(f"\\{quote}", quote)
        return Token("string", text, text), end + 1

    def _bracketed(self, at: int, line: int) -> tuple[Token, int]:
        end = self._source.find("]", at + 1)
        while end > 0 and self._source[end - 1] == "\\":
            end = self._source.find("]", end + 1)
        if end < 0:
            raise TemplateError("a [ is not closed", line=line)
        name = self._source[at + 1 : end].replace("\\]", "]")
        return Token("word", f"[{name}]", name), end + 1


def _closing(source: str, at: int) -> str | None:
    """The end of a tag that stands here: with two brackets or three, with or without `~`."""
    if source.startswith("}}}}", at):
        return None  # which closes raw blocks alone
    for end in (*_TRIPLE, "~}}", "}}"):
        if source.startswith(end, at):
            return end
    return None


def _ends(source: str, at: int, signs: frozenset[str]) -> bool:
    return at < len(source) and (source[at] in signs or source[at].isspace())
