"""Secrets in any text: what a key calls one, in JSON of any depth, in forms, headers and URLs.

The mocks and the harness stand alone, so each has this file, and a test holds them to be the same. It reads a text from
left to right, once: no text takes longer than it is long.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

NAMES = (
    r"(?:passw(?:or)?d|passphrase|passcode|pwd|secret|token|(?:api|private|access|secret|signing|shared)[_-]?key"
    r"|authorization|credentials?|cookie)"
)
"""What a setting, a header or a field is called that holds a secret."""
MARKS = (
    *("passw", "passphrase", "passcode", "pwd", "secret", "token=", "token_", "token-", "tokens", 'token"', "token'"),
    *("token\\", "token%", "_key", "-key", "apikey", "privatekey", "accesskey", "signingkey", "sharedkey", "cred"),
    *("cookie", "authorization"),
)
"""One of these is in a text that has such a name with a value, in small letters: looking for them is much cheaper."""

STEMS = ("pass", "pwd", "secret", "token", "key", "credential", "cookie", "authorization")
"""One of these is in each of the names, in small letters."""

_SECRET = re.compile(NAMES, re.IGNORECASE)
_WHOLE = re.compile(rf"{NAMES}s?\Z", re.IGNORECASE)
_HEADER = re.compile(r"(?:x-[\w-]*(?:token|secret|key|passw(?:or)?d)|(?:set-)?cookie|api-?key)\Z", re.IGNORECASE)
_IN_URL = re.compile(r"token|secret|key|passw|pwd|auth|sig|credential", re.IGNORECASE)

# A word begins where none was before, and is taken as a whole: so none is read twice.
_NAMED = re.compile(
    rf"""(?<![\w-])(?P<name>(?>[\w-]*?{NAMES})[\w-]*+)
    (?: (?P<set>=)
      | (?P<quote>\\*+["'])\s*+ (?: : | ,\s*+\\*+["']val(?:ue)?\\*+["']\s*+: | (?P<pair>,) )\s*+
      | (?P<coded>%(?:25)*+22(?:%(?:25)*+20|\+)*+%(?:25)*+3a(?:%(?:25)*+20|\+)*+%(?:25)*+22)
      | (?P<header>[ \t]*+:[ \t]*+)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_OPENS = re.compile(r"[bru]?(\\*+[\"'])", re.IGNORECASE)
_AFTER_END = re.compile(r"[\s,}\]:]|\Z")
_QUOTE = re.compile(r"(?<!\\)(\\*+)([\"'\n])")
_QUOTE_OR_BRACKET = re.compile(r"(?<!\\)(\\*+)([\"'])|[\[\]{}]")
_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]*+")
_WORD = re.compile(r"[^\s\"'\\,;&]++")
_LINE = re.compile(r"[^\r\n\"'\\]++")
_CODED = re.compile(r"(?:(?!%(?:25)*+22)[^\s\"'\\&])++", re.IGNORECASE)

_USERINFO = re.compile(r"(?<=://)[^/?#\s\"'\\<>]+(?=@)")
_PARAMETER = re.compile(r"((?:[?&]|\\u0026)([\w.-]++)=)[^&#\s\"'\\<>]++")
_AUTHORIZATION = re.compile(
    r"(\bauthorization[ \t]*+[:=][ \t]*+)[^\s\"'\\,;]++(?:[ \t]++[^\s\"'\\,;]++)?", re.IGNORECASE
)
_SCHEME = re.compile(r"(\b(?:basic|bearer)[ \t]++)(?=[^\s\"'\\]*[0-9=])[\w+/=.~-]{8,}", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether something of this name is a secret."""
    return _SECRET.search(name) is not None


def hide(text: str, *, by: str) -> str:
    """The text with `by` in the place of each secret; JSON stays JSON, at every depth."""
    if "://" in text and "@" in text:
        text = _USERINFO.sub(by, text)
    if "=" in text and ("?" in text or "&" in text or "\\u0026" in text):
        text = _PARAMETER.sub(lambda found: f"{found[1]}{by}" if _IN_URL.search(found[2]) else found[0], text)
    small = text.lower()
    if "authorization" in small:
        text = _AUTHORIZATION.sub(rf"\g<1>{by}", text)
    if "basic" in small or "bearer" in small:
        text = _SCHEME.sub(rf"\g<1>{by}", text)
    if _marked(small):
        text = "".join(_without(text, by))
    return text


def _marked(small: str) -> bool:
    for mark in MARKS:  # noqa: SIM110 - reason: asked of every line of a record, and a generator costs as much again
        if mark in small:
            return True
    return False


def _without(text: str, by: str) -> Iterator[str]:
    """The text in pieces, with what follows secret names replaced."""
    kept = at = 0
    named = _beside_stems(text) if text.isascii() else _everywhere(text)
    next(named)
    while found := named.send(at):
        at = found.end()
        begin, end, instead = _value(text, found, by)
        if begin < end:
            yield text[kept:begin]
            yield instead
            kept = at = end
    yield text[kept:]


_Named = Generator["re.Match[str] | None", int, None]
"""Is sent the place from which on a name is wanted, and gives the next one."""


def _everywhere(text: str) -> _Named:
    """The names that hold secrets, by looking at each word."""
    at = yield None
    while True:
        at = yield _NAMED.search(text, at)


def _beside_stems(text: str) -> _Named:
    """The same names, much faster: only words are looked at in which a stem is found, as one is in every name.

    Not for what isn't ASCII: there the pattern takes other letters for those of a name, too.
    """
    small, before = text.lower(), 0
    at = yield None
    for place in sorted(place for stem in STEMS for place in _places(small, stem)):
        least, begin = max(at, before), place
        before = place + 1
        if place < at:
            continue
        while begin > least and _in_word(text[begin - 1]):
            begin -= 1
        # a word that began before was looked at, or isn't asked about
        if (begin == 0 or not _in_word(text[begin - 1])) and (found := _NAMED.match(text, begin)):
            at = yield found
    yield None


def _places(text: str, what: str) -> Iterator[int]:
    at = text.find(what)
    while at >= 0:
        yield at
        at = text.find(what, at + 1)


def _in_word(letter: str) -> bool:
    return letter.isalnum() or letter in "_-"


def _value(text: str, found: re.Match[str], by: str) -> tuple[int, int, str]:
    """Where the value of a name begins and ends, and what is to stand there; an empty place where nothing is hidden."""
    at, quote = found.end(), found["quote"]
    if found["header"] is not None or found["pair"] is not None:
        if _HEADER.match(found["name"]) is None and not (quote and found["name"].lower().endswith("authorization")):
            return at, at, ""
        if quote is None:
            line = _LINE if "cookie" in found["name"].lower() else _WORD
            return _as_is(line.match(text, at), at, by)
    if found["coded"] is not None:
        return _as_is(_CODED.match(text, at), at, by)
    opens = _OPENS.match(text, at)
    if opens is not None and _begins(text, opens, quote):
        return opens.end(), _end_of_text(text, opens.end(), opens[1]), by
    if quote is None:
        return _as_is(_WORD.match(text, at), at, by)
    if _WHOLE.search(found["name"]) is not None:
        around = _quote(quote)
        if text[at : at + 1] in ("{", "["):
            return at, _end_of_brackets(text, at, quote), f"{around}{by}{around}"
        # max_tokens is no secret
        if not found["name"].endswith("s") and (number := _NUMBER.match(text, at)):
            return at, number.end(), f"{around}{by}{around}"
    return at, at, ""


def _begins(text: str, opens: re.Match[str], quote: str | None) -> bool:
    """Whether a quote after a name begins its value; it may be the end of the text that both stand in."""
    if quote is not None and quote[-1] == opens[1][-1]:
        return _depth(len(opens[1]) - 1) >= _depth(len(quote) - 1)
    return not _AFTER_END.match(text, opens.end())


def _as_is(found: re.Match[str] | None, at: int, by: str) -> tuple[int, int, str]:
    return (at, found.end(), by) if found is not None else (at, at, "")


def _depth(backslashes: int) -> int:
    """In how many texts a quote stands, each written into the next: 1, 2, 3 after 0, 1, 3 backslashes."""
    return ((backslashes + 1) & -(backslashes + 1)).bit_length()


def _quote(given: str) -> str:
    """A quote that stands as deep as one before which backslashes of a text's own may be."""
    return "\\" * ((1 << (_depth(len(given) - 1) - 1)) - 1) + given[-1]


def _end_of_text(text: str, at: int, opened: str) -> int:
    """Where a quoted text ends: at its own quote, or where the line or the text around it does."""
    depth = _depth(len(opened) - 1)
    for found in _QUOTE.finditer(text, at):
        here = _depth(len(found[1]))
        if found[2] == "\n" or (found[2] == opened[-1] and here == depth):
            # backslashes that were escaped themselves are still the value's
            return found.start(2) if found[2] == "\n" else found.end() - len(_quote(opened))
        if found[2] == '"' and (here < depth or (opened[-1] == "'" and here == depth)):
            return found.start()
    return len(text)


def _end_of_brackets(text: str, at: int, quote: str) -> int:
    """Where an object or a list ends: at its own bracket, or where the text around it does."""
    depth, open_brackets, quoted = _depth(len(quote) - 1), 0, False
    for found in _QUOTE_OR_BRACKET.finditer(text, at):
        if found[2] is None:
            if not quoted:
                open_brackets += 1 if found[0] in "{[" else -1
                if open_brackets == 0:
                    return found.end()
            continue
        here = _depth(len(found[1]))
        if found[2] == quote[-1] and here == depth:
            quoted = not quoted
        elif found[2] == '"' and here <= depth:
            return found.start()
    return len(text)
