"""The rules of `/v3/mail/send` for the parts that a mail may have or not."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as BinasciiError
from collections.abc import Callable, Iterator
from typing import Any

from mock_providers.sendgrid.errors import HELP, Problem

HORIZON_S = 72 * 3600
CATEGORIES = 10
CATEGORY_LENGTH = 255
GROUPS = 25
CUSTOM_ARGS_BYTES = 10_000

RESERVED_HEADERS = frozenset(
    (
        "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to",
        "from", "subject", "reply-to", "cc", "bcc",
    )
)  # fmt: skip

Rule = Callable[[Any, float, int], Iterator[Problem]]
"""Takes the value, the time now, and how many bytes custom arguments may have."""


def _send_at(value: Any, now: float, _: int) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield Problem("The send_at parameter must be a Unix timestamp.", "send_at", f"{HELP}send_at")
    elif value > now + HORIZON_S:
        yield Problem("Scheduling more than 72 hours in advance is forbidden.", "send_at", f"{HELP}send_at")


def _categories(value: Any, _: float, __: int) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem("The categories parameter must be an array of strings.", "categories")
        return
    if len(value) > CATEGORIES:
        yield Problem("You can not have more than 10 categories per request.", "categories")
    texts = [item for item in value if isinstance(item, str)]
    if len(set(texts)) != len(texts):
        yield Problem("The categories must be unique.", "categories")
    for n, item in enumerate(value):
        if not isinstance(item, str) or len(item) > CATEGORY_LENGTH:
            yield Problem("The category must be a string of at most 255 characters.", f"categories.{n}")
        elif not item.isascii():
            yield Problem("The category must be ASCII.", f"categories.{n}")


def _headers(value: Any, _: float, __: int) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem("The headers parameter must be an object.", "headers")
        return
    for name, content in value.items():
        if name.lower() in RESERVED_HEADERS:
            yield Problem(f"The header {name} is reserved and cannot be used.", f"headers.{name}", f"{HELP}headers")
        elif not isinstance(content, str):
            yield Problem("The header value must be a string.", f"headers.{name}")


def _attachments(value: Any, _: float, __: int) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem("The attachments parameter must be an array of objects.", "attachments")
        return
    for n, item in enumerate(value):
        path = f"attachments.{n}"
        if not isinstance(item, dict):
            yield Problem("Invalid type. Expected: object.", path)
            continue
        if not _is_text(item.get("filename")):
            yield Problem("The attachment filename is required.", f"{path}.filename")
        if not _is_text(item.get("content")) or not _is_base64(item["content"]):
            yield Problem("The attachment content must be base64 encoded.", f"{path}.content")
        if item.get("disposition", "attachment") not in ("attachment", "inline"):
            yield Problem(
                'The disposition of your attachment can be either "inline" or "attachment".', f"{path}.disposition"
            )


def _asm(value: Any, _: float, __: int) -> Iterator[Problem]:
    if not isinstance(value, dict) or isinstance(value.get("group_id"), bool):
        yield Problem("The asm parameter must be an object with a group_id.", "asm")
        return
    if not isinstance(value.get("group_id"), int):
        yield Problem("The asm group_id must be an integer.", "asm.group_id")
    groups = value.get("groups_to_display", [])
    if not isinstance(groups, list) or len(groups) > GROUPS:
        yield Problem("There is a limit of 25 groups to display.", "asm.groups_to_display")


def _custom_args(value: Any, _: float, limit: int) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem("The custom_args parameter must be an object.", "custom_args")
        return
    size = sum(
        len(str(name).encode("utf-8", "replace")) + len(str(item).encode("utf-8", "replace"))
        for name, item in value.items()
    )
    if size > limit:
        yield Problem(f"The total size of your custom args must not exceed {limit} bytes.", "custom_args")


def _mail_settings(value: Any, _: float, __: int) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem("The mail_settings parameter must be an object.", "mail_settings")
        return
    sandbox = value.get("sandbox_mode")
    if sandbox is None:
        return
    if not isinstance(sandbox, dict) or not isinstance(sandbox.get("enable"), bool):
        yield Problem("The sandbox mode enable param should be a boolean value.", "mail_settings.sandbox_mode.enable")


def _batch_id(value: Any, _: float, __: int) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem("The batch_id parameter must be a string.", "batch_id")


def _template_id(value: Any, _: float, __: int) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem("The template_id parameter must be a string.", "template_id")


OPTIONAL: dict[str, Rule] = {
    "batch_id": _batch_id,
    "template_id": _template_id,
    "send_at": _send_at,
    "categories": _categories,
    "headers": _headers,
    "attachments": _attachments,
    "asm": _asm,
    "custom_args": _custom_args,
    "mail_settings": _mail_settings,
}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        return False
    return True
