"""What a mail says: its parts, its subject, its template."""

from __future__ import annotations

import re
from typing import Any

from mock_providers.sendgrid.errors import Problem
from mock_providers.sendgrid.rules.wording import Json, Problems, help_on, shown, wrong_type

_TEMPLATE = re.compile(r"(?:d-)?[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)

_BLOCK_NEEDED = (
    "There must be at least one defined content block. We typically suggest both text/plain and text/html blocks are "
    "included, but only one block is required."
)
_IN_ORDER = (
    "Following RFC 1341, section 7.2, if either text/html or text/plain are to be sent in your email: text/plain needs "
    "to be first, followed by text/html, followed by any other content."
)
_SUBJECT = "The subject of your email must be a string at least one character in length."


def is_dynamic(mail: Json) -> bool:
    """Whether a dynamic template is named."""
    template = mail.get("template_id")
    return isinstance(template, str) and template[:2] == "d-"


def template_id(mail: Json, problems: Problems) -> None:
    """Whether it could be a template's id: a well-formed one that doesn't exist is accepted, and isn't delivered."""
    if "template_id" not in mail:
        return
    given = mail["template_id"]
    topic = help_on("template_id")
    if given is None:
        problems.append(wrong_type("string", given, "template_id", "template_id"))
    elif not isinstance(given, str):
        message = f"The template ID must be a string, you provided {shown(given)}."
        problems.append(Problem(message, "template_id", topic))
    elif _TEMPLATE.fullmatch(given) is None:
        message = f"The template_id must be a valid GUID, you provided '{shown(given)}'."
        problems.append(Problem(message, "template_id", topic))


def has_template(mail: Json) -> bool:
    """Whether the template that is named could exist."""
    given = mail.get("template_id")
    return isinstance(given, str) and _TEMPLATE.fullmatch(given) is not None


def content(mail: Json, problems: Problems) -> None:
    if "content" not in mail:
        if not has_template(mail):
            message = f"Unless a valid template_id is provided, the content parameter is required. {_BLOCK_NEEDED}"
            problems.append(Problem(message, "content", help_on("content")))
        return
    parts = mail["content"]
    if not isinstance(parts, list):
        problems.append(wrong_type("array", parts, "content", "content"))
        return
    if not parts:
        problems.append(Problem(_BLOCK_NEEDED, "content", help_on("content")))
        return
    html_may_follow = ordered = True
    for n, part in enumerate(parts):
        if not isinstance(part, dict):
            problems.append(wrong_type("object", part, f"content.{n}", "content"))
            continue
        if not (type(value := part.get("value")) is str and value):
            problems.append(_no_value(part, n))
        kind = part.get("type")
        if not (type(kind) is str and "/" in kind and ";" not in kind and "," not in kind and kind.isprintable()):
            problems.append(_no_type(part, n))
            continue
        kind = kind.lower()
        if kind == "text/plain":
            ordered = ordered and n == 0
        elif kind == "text/html":
            ordered = ordered and html_may_follow
            html_may_follow = False
        elif kind != "text/x-amp-html":  # AMP stands between plain and HTML
            html_may_follow = False
    if not ordered:
        # reports show it without help
        problems.append(Problem(_IN_ORDER, "content"))


def _no_value(part: Json, n: int) -> Problem:
    field = f"content.{n}.value"
    if "value" not in part:
        message = "A content value is required, this is the content of the email you are sending."
    elif part["value"] is None:
        return wrong_type("string", None, field, "content.value")
    else:
        message = "The content value must be a string at least one character in length."
    return Problem(message, field, help_on("content.value"))


def _no_type(part: Json, n: int) -> Problem:
    field, kind = f"content.{n}.type", part.get("type")
    if "type" not in part:
        message = "A content type is required, this tells email clients how to display the email."
    elif kind is None:
        return wrong_type("string", None, field, "content.type")
    elif not isinstance(kind, str) or not kind:
        message = "Your content type must be a string with length of at least one character."
    elif ";" in kind or "," in kind or not kind.isprintable():
        message = "The content type cannot contain ';', or CRLF characters."
    else:
        message = "The content type must be a MIME type."  # in nobody's list, but "html" can't be mailed
    return Problem(message, field, help_on("content.type"))


def subject(mail: Json, problems: Problems) -> None:
    """The mail's subject, which a template or every personalization may have instead."""
    if "subject" in mail:
        problem = wrong_subject(mail["subject"], "subject", "subject")
        if problem is not None:
            problems.append(problem)
        return
    if mail.get("template_id"):
        return
    blocks = mail.get("personalizations")
    if not isinstance(blocks, list):
        blocks = []
    lacking = [n for n, block in enumerate(blocks) if not (isinstance(block, dict) and "subject" in block)]
    if not blocks or len(lacking) == len(blocks):
        message = (
            "The subject is required. You can get around this requirement if you use a template with a subject defined "
            "or if every personalization has a subject defined."
        )
        problems.append(Problem(message, "subject", help_on("subject")))
        return
    for n in lacking:
        message = (
            "The subject is required. You can get around this requirement if you use a template with a subject defined."
        )
        problems.append(Problem(message, f"personalizations.{n}.subject", help_on("personalizations.subject")))


def wrong_subject(value: Any, field: str, topic: str) -> Problem | None:
    """What is wrong with a subject that is given."""
    if type(value) is str and value:
        return None
    if value is None:
        return wrong_type("string", value, field, topic)
    return Problem(_SUBJECT, field, help_on(topic))
