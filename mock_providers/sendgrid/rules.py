"""The rules of `/v3/mail/send`, each with the vendor's wording and the path of the field it is about."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Any

from mock_providers.sendgrid.errors import HELP, Problem
from mock_providers.sendgrid.optional_rules import CUSTOM_ARGS_BYTES, OPTIONAL

PERSONALIZATIONS = 1000
RECIPIENTS = 1000

_ADDRESS = re.compile(r"[^@\s\"<>(),:;\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+")

Json = dict[str, Any]


def broken_rules(mail: Json, *, now: float, custom_args_bytes: int = CUSTOM_ARGS_BYTES) -> list[Problem]:
    """Every rule the mail breaks, in the vendor's order; an empty list if it may be sent."""
    problems = list(_personalizations(mail))
    problems += _sender(mail)
    problems += _subject(mail)
    problems += _content(mail)
    for name, rule in OPTIONAL.items():
        if name in mail:
            problems += rule(mail[name], now, custom_args_bytes)
    return problems


def _personalizations(mail: Json) -> Iterator[Problem]:
    blocks = mail.get("personalizations")
    if not isinstance(blocks, list) or not blocks:
        yield Problem("You must have at least one personalization.", "personalizations", f"{HELP}personalizations")
        return
    if len(blocks) > PERSONALIZATIONS:
        yield Problem(
            "The personalization block is limited to 1000 personalizations per API request. "
            f"You have provided {len(blocks)} personalizations. "
            "Please consider splitting this into multiple requests and resending your request.",
            "personalizations",
            f"{HELP}personalizations",
        )
        return
    total = 0
    for n, block in enumerate(blocks):
        path = f"personalizations.{n}"
        if not isinstance(block, dict):
            yield Problem("Invalid type. Expected: object, given: other.", path)
            continue
        count = yield from _recipients(block, path)
        total += count
        for name in ("custom_args", "substitutions", "dynamic_template_data", "headers"):
            if name in block and not isinstance(block[name], dict):
                yield Problem(f"The {name} parameter must be an object.", f"{path}.{name}")
        if "subject" in block and not _is_text(block["subject"]):
            yield Problem("The subject must be a string at least one character in length.", f"{path}.subject")
    if total > RECIPIENTS:
        yield Problem(
            "There is a limit of 1000 total recipients (to + cc + bcc) per request.",
            "personalizations",
            f"{HELP}recipient-errors",
        )


def _recipients(block: Json, path: str) -> Generator[Problem, None, int]:
    if not isinstance(block.get("to"), list) or not block["to"]:
        yield Problem(
            "The to parameter is required for all personalization objects.",
            f"{path}.to",
            f"{HELP}personalizations.to",
        )
    seen: set[str] = set()
    for kind in ("to", "cc", "bcc"):
        people = block.get(kind, [])
        if not isinstance(people, list):
            if kind != "to":
                yield Problem(f"The {kind} parameter must be an array of email objects.", f"{path}.{kind}")
            continue
        for n, person in enumerate(people):
            yield from _address(person, f"{path}.{kind}.{n}")
            address = person.get("email") if isinstance(person, dict) else None
            if not isinstance(address, str):
                continue
            folded = address.lower()
            if folded in seen:
                yield Problem(
                    "Each email address in the personalization block should be unique between to, cc, and bcc. "
                    f"We found the first duplicate instance of [{address}] in the {path}.{kind} field.",
                    path,
                    f"{HELP}recipient-errors",
                )
            seen.add(folded)
    return len(seen)


def _address(person: Any, path: str) -> Iterator[Problem]:
    if not isinstance(person, dict):
        yield Problem("Invalid type. Expected: object.", path)
        return
    address = person.get("email")
    if not isinstance(address, str) or not is_address(address):
        yield Problem("Does not contain a valid address.", f"{path}.email", f"{HELP}recipient-errors")
    if person.get("name") is not None and not isinstance(person["name"], str):
        yield Problem("The name must be a string.", f"{path}.name")


def _sender(mail: Json) -> Iterator[Problem]:
    sender = mail.get("from")
    if not isinstance(sender, dict) or not sender.get("email"):
        yield Problem(
            "The from object must be provided for every email send. It is an object that requires the email "
            'parameter, but may also contain a name parameter.  e.g. {"email" : "example@example.com"}  or '
            '{"email" : "example@example.com", "name" : "Example Recipient"}.',
            "from.email",
            f"{HELP}from",
        )
    else:
        yield from _address(sender, "from")
    if mail.get("reply_to") is not None and mail.get("reply_to_list") is not None:
        yield Problem("The reply_to and reply_to_list parameters are mutually exclusive.", "reply_to")
    if mail.get("reply_to") is not None:
        yield from _address(mail["reply_to"], "reply_to")
    listed = mail.get("reply_to_list")
    if listed is not None:
        if not isinstance(listed, list):
            yield Problem("The reply_to_list parameter must be an array of email objects.", "reply_to_list")
        else:
            for n, person in enumerate(listed):
                yield from _address(person, f"reply_to_list.{n}")


def _subject(mail: Json) -> Iterator[Problem]:
    if _is_text(mail.get("subject")) or mail.get("template_id"):
        return
    blocks = mail.get("personalizations")
    if (
        isinstance(blocks, list)
        and blocks
        and all(isinstance(block, dict) and _is_text(block.get("subject")) for block in blocks)
    ):
        return
    yield Problem(
        "The subject is required. You can get around this requirement if you use a template with a subject "
        "defined or if every personalization has a subject defined.",
        "subject",
        f"{HELP}subject",
    )


def _content(mail: Json) -> Iterator[Problem]:
    content = mail.get("content")
    if content is None and mail.get("template_id"):
        return
    if not isinstance(content, list) or not content:
        yield Problem(
            "Unless a valid template_id is provided, the content parameter is required. There must be at least one "
            "defined content block. We typically suggest both text/plain and text/html blocks are included, but only "
            "one block is required.",
            "content",
            f"{HELP}content",
        )
        return
    order: list[int] = []
    for n, part in enumerate(content):
        if not isinstance(part, dict) or not _is_text(part.get("value")):
            yield Problem(
                "The content value must be a string at least one character in length.",
                f"content.{n}.value",
                f"{HELP}content.value",
            )
            continue
        kind = part.get("type")
        if not isinstance(kind, str) or "/" not in kind:
            yield Problem("The content type must be a MIME type.", f"content.{n}.type", f"{HELP}content.type")
            continue
        order.append({"text/plain": 0, "text/html": 1}.get(kind, 2))
    if order != sorted(order):
        yield Problem(
            "Following RFC 1341, section 7.2, if either text/html or text/plain are to be provided in your email: "
            "the text/plain part needs to be first, followed by the text/html part, followed by any other parts.",
            "content",
            f"{HELP}content",
        )


def is_address(text: str) -> bool:
    return len(text) <= 320 and _ADDRESS.fullmatch(text) is not None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
