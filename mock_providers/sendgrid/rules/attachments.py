"""Attachments: base64, a name, a bare media type."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as BinasciiError
from typing import Any

from mock_providers.sendgrid.errors import Problem
from mock_providers.sendgrid.rules.wording import Json, Problems, Terms, help_on, shown, wrong_type

DISPOSITIONS = ("attachment", "inline")


def attachments(value: Any, problems: Problems, _: Terms) -> None:
    if not isinstance(value, list):
        problems.append(wrong_type("array", value, "attachments"))
        return
    for n, item in enumerate(value):
        path = f"attachments.{n}"
        if not isinstance(item, dict):
            problems.append(wrong_type("object", item, path))
            continue
        for name, check in _PARTS.items():
            if name in item and item[name] is None:
                problems.append(wrong_type("string", None, f"{path}.{name}", f"attachments.{name}"))
            elif (message := check(item)) is not None:
                problems.append(Problem(message, f"{path}.{name}", help_on(f"attachments.{name}")))


def _content(item: Json) -> str | None:
    content = item.get("content")
    if not isinstance(content, str) or not content:
        return "The attachment content must be a string at least one character in length."
    return None if _is_base64(content) else "The attachment content must be base64 encoded."


def _filename(item: Json) -> str | None:
    if "filename" not in item or item["filename"] == "":
        return "filename is required."
    name = item["filename"]
    if not isinstance(name, str):
        return "The filename of your attachment must be a string."
    return "The filename of your attachment cannot contain CRLF characters." if _has_line_end(name) else None


def _type(item: Json) -> str | None:
    kind = item.get("type", "text/plain")
    if not isinstance(kind, str) or not kind:
        return "The attachment type must be a string and at least one character in length."
    if ";" in kind or "," in kind or _has_line_end(kind):
        return "The attachment type cannot contain ';', or CRLF characters."
    return None


def _disposition(item: Json) -> str | None:
    given = item.get("disposition", "attachment")
    if isinstance(given, str) and given in DISPOSITIONS:
        return None
    return f'The disposition of your attachment can be either "inline" or "attachment". You provided {shown(given)}.'


def _content_id(item: Json) -> str | None:
    given = item.get("content_id", "")
    if not isinstance(given, str):
        return f"The content ID of your attachment must be a string. You provided {shown(given)}."
    return "The content ID of your attachment cannot contain CRLF characters." if _has_line_end(given) else None


_PARTS = {
    "content": _content,
    "filename": _filename,
    "type": _type,
    "disposition": _disposition,
    "content_id": _content_id,
}


def _has_line_end(text: str) -> bool:
    return "\r" in text or "\n" in text


def _is_base64(text: str) -> bool:
    """Whether it is base64 in one line: with line breaks the vendor refuses it."""
    try:
        b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        return False
    return True
