"""What each recipient of a mail would see: substitutions made, templates filled in, within limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

from mock_providers.handlebars import Budget, Limits, Template, TemplateError, parse, render
from mock_providers.handlebars.values import text as text_of
from mock_providers.sendgrid.state.mail import subject_of
from mock_providers.sendgrid.state.template import Template as Stored
from mock_providers.sendgrid.state.template import active_version, is_dynamic

MAIL = Limits(steps=300_000, output=32 * 1024 * 1024)
"""All personalizations of a mail together, about a second; the vendor's mails have at most 30 MB."""

SHOWN = 8 * 1024 * 1024
"""Characters from which on no further personalization is shown: each has the whole mail's contents again."""
CHARACTERS_A_STEP = 1000

_Content = list[tuple[str, str]]
_T = TypeVar("_T")
_aside = ThreadPoolExecutor(1, thread_name_prefix="render")
"""One at a time: several would only take turns, and keep the event loop waiting longer."""


async def aside(work: Callable[[], _T]) -> _T:
    """The result of what takes long, worked out while the event loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(_aside, work)


def rendered(payload: dict[str, Any], templates: dict[str, Stored]) -> tuple[list[dict[str, Any]], int]:
    """One entry a personalization: its recipients, subject and contents, and why it isn't delivered, or null.

    Then how many were left out, since what is shown is long enough.
    """
    budget = Budget(MAIL)
    identity = payload.get("template_id")
    template = templates.get(identity) if isinstance(identity, str) else None
    unknown = bool(identity) and active_version(template) is None
    blocks = payload.get("personalizations") or ()
    mails: list[dict[str, Any]] = []
    size = 0
    for block in blocks:
        if size >= SHOWN:
            break
        mails.append(_personalized(payload, block, template, budget, unknown=unknown))
        size += len(json.dumps(mails[-1]))
    return mails, len(blocks) - len(mails)


def refusals(payload: dict[str, Any], template: Stored | None, budget: Budget) -> list[str | None]:
    """For each personalization why it can't be delivered with its template, or None.

    Only whether it can be filled in is looked at: substitutions don't fail. Where the budget is spent nothing is sure.
    """
    version = active_version(template)
    blocks = payload["personalizations"]
    if version is None or template is None:
        return [unknown_template(payload)] * len(blocks)
    if not is_dynamic(template):
        return [None] * len(blocks)
    return [_refusal(version, block.get("dynamic_template_data") or {}, budget) for block in blocks]


def _refusal(version: dict[str, Any], data: Any, budget: Budget) -> str | None:
    try:
        for _ in _filled(version, data, budget):
            pass
    except _NotFilledError as problem:
        return str(problem)
    return None


def unknown_template(payload: dict[str, Any]) -> str:
    """The vendor's words for a template that the account hasn't, or that has no active version."""
    return (
        "Invalid SMTPAPI header: The template id must be a valid template id for your account. "
        f"You provided {str(payload.get('template_id'))[:100]}"
    )


def warnings_of(version: dict[str, Any]) -> list[dict[str, str]]:
    """What is wrong with the Handlebars of a dynamic template's version.

    The vendor takes it all the same, and delivers no mail with it (sendgrid/sendgrid-nodejs, issue 1209); its OpenAPI
    file has `warnings` in a version.
    """
    problems = {name: _problem_of(version[name]) for name in ("subject", "html_content", "plain_content")}
    return [{"message": f"{name}: {problem}"} for name, problem in problems.items() if problem is not None]


def _problem_of(source: str) -> str | None:
    try:
        _read(source)
    except TemplateError as problem:
        return str(problem)
    return None


class _NotFilledError(Exception):
    """A part of a template couldn't be filled in; the message says which, and why."""


def _personalized(
    payload: dict[str, Any], block: dict[str, Any], template: Stored | None, budget: Budget, *, unknown: bool
) -> dict[str, Any]:
    subject = subject_of(payload, block)
    contents = [(str(part.get("type")), str(part.get("value"))) for part in payload.get("content") or ()]
    error = unknown_template(payload) if unknown else None
    version = active_version(template)
    try:
        if version is not None and template is not None and is_dynamic(template):
            parts = dict(_filled(version, block.get("dynamic_template_data") or {}, budget))
            subject = parts.pop("subject") or subject
            contents = list(parts.items())
        elif version is not None:
            subject, contents = _legacy(version, subject, contents, budget)
        replaced = {**(payload.get("substitutions") or {}), **(block.get("substitutions") or {})}
        subject = _substituted(subject, replaced, budget)
        contents = [(kind, _substituted(text, replaced, budget)) for kind, text in contents]
    except (_NotFilledError, TemplateError) as problem:
        error = str(problem)
    return {
        "to": [person.get("email") for kind in ("to", "cc", "bcc") for person in block.get(kind) or ()],
        "subject": subject,
        "content": [{"type": kind, "value": text} for kind, text in contents],
        "error": error,
    }


def _filled(version: dict[str, Any], data: Any, budget: Budget) -> Iterator[tuple[str, str]]:
    """Subject and contents of a dynamic template, by `subject` and their media types."""
    for kind, name in (("subject", "subject"), ("text/plain", "plain_content"), ("text/html", "html_content")):
        source = version[name]
        if source or kind == "subject":
            try:
                yield kind, render(_read(source), data, budget)
            except TemplateError as problem:
                raise _NotFilledError(f"the template's {name} can't be filled in: {problem}") from problem


def _legacy(version: dict[str, Any], subject: str, contents: _Content, budget: Budget) -> tuple[str, _Content]:
    """A legacy template around the mail's own subject and contents."""
    own = dict(contents)
    subject = _substituted(version["subject"], {"<%subject%>": subject}, budget) or subject
    return subject, [
        (kind, _substituted(version[name], {"<%body%>": own.get(kind, "")}, budget))
        for kind, name in (("text/plain", "plain_content"), ("text/html", "html_content"))
        if version[name]
    ] or contents


def _substituted(text: str, replaced: dict[str, Any], budget: Budget) -> str:
    """Each tag replaced, in their order; what they make of a text is counted before it is made."""
    for tag, value in replaced.items():
        budget.step(1 + len(text) // CHARACTERS_A_STEP)
        count = text.count(tag) if tag else 0
        if count:
            shown = text_of(value, budget)
            budget.write(count * len(shown))
            text = text.replace(tag, shown)
    return text


@lru_cache(maxsize=32)
def _kept(source: str) -> Template | TemplateError:
    try:
        return parse(source)
    except TemplateError as problem:
        return problem


def _read(source: str) -> Template:
    """The tree of a template, which is kept for the next mail; raises TemplateError if it is broken."""
    read = _kept(source)
    if isinstance(read, TemplateError):
        raise type(read)(str(read))
    return read
