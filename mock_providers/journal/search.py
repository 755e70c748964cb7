"""What is searched in an exchange (a call or webhook, and its answer), and which exchanges failed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]

_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_PLAIN = re.compile(r"[a-z0-9@.+:_-]+")
"""Words that stand in an entry's JSON as they are, whoever wrote it."""


def may_have(words: Sequence[str], raw: bytes) -> bool:
    """Whether undecoded entries may have all (lower-case) words; false only where one is surely missing."""
    if not raw.isascii() or b"\\u" in raw:
        return True  # the lower case of a foreign letter may be a Latin one
    low = raw.lower()
    return all(word.encode() in low for word in words if _PLAIN.fullmatch(word))


def has_words(words: Sequence[str], exchange: Sequence[Entry]) -> bool:
    """Whether each (lower-case) word is a part of an address or a body, begins an SID, or is a code.

    A part of an SID or a code would be found everywhere: 500 is in one of nine SIDs by chance.
    """
    texts = [text.lower() for entry in exchange for text in _texts(entry)]
    sids = [sid.lower() for entry in exchange for sid in _sids(entry)]
    codes = {str(entry[name]) for entry in exchange for name in ("status", "error") if entry.get(name) is not None}
    return all(
        word in codes or any(sid.startswith(word) for sid in sids) or any(word in text for text in texts)
        for word in words
    )


def failed(exchange: Sequence[Entry]) -> bool:
    """Whether it ended otherwise than with a whole 2xx answer; what isn't over yet hasn't failed."""
    return any(
        entry["type"] == "callback.dropped"
        or (
            entry["type"] in {"answered", "callback.answered"}
            and (
                entry.get("outcome", "answered") not in {"answered", "slow"}
                or entry.get("status") is None
                or not 200 <= entry["status"] < 300
            )
        )
        for entry in exchange
    )


def _texts(entry: Entry) -> Iterator[str]:
    for name in ("from", "to", "text", "params", "reply"):
        yield from (value for value in _values(entry.get(name)) if not _SID.fullmatch(value))
    if isinstance(entry.get("error"), str):
        yield entry["error"]


def _sids(entry: Entry) -> Iterator[str]:
    yield from (entry[name] for name in ("account", "message") if entry.get(name))
    yield from (value for value in _values(entry.get("params")) if _SID.fullmatch(value))
    # who asks for one message names it in the path alone
    yield from _SID.findall(entry.get("path") or "")


def _values(value: Any) -> Iterator[str]:
    """All texts and numbers in a value; of attachments the names alone, since all words are in enough base64."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "attachments" and isinstance(one, list):
                yield from (str(file["filename"]) for file in one if isinstance(file, dict) and "filename" in file)
            else:
                yield from _values(one)
    elif isinstance(value, list):
        for one in value:
            yield from _values(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
