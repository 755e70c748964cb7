"""What each recipient of a mail would see: substitutions made, templates filled in."""

from __future__ import annotations

from typing import Any

from mock_providers.sendgrid.state.mail import subject_of
from mock_providers.sendgrid.state.template import Template, active_version


def render(payload: dict[str, Any], templates: dict[str, Template]) -> list[dict[str, Any]]:
    """One entry a personalization: its recipients, subject and contents."""
    version = active_version(templates.get(str(payload.get("template_id"))))
    return [_personalized(payload, block, version) for block in payload.get("personalizations", [])]


def _personalized(payload: dict[str, Any], block: dict[str, Any], version: dict[str, Any] | None) -> dict[str, Any]:
    subject = subject_of(payload, block)
    contents = [(str(part.get("type")), str(part.get("value"))) for part in payload.get("content") or ()]
    error = None
    if version is not None:
        data = block.get("dynamic_template_data") or {}
        try:
            subject = _handlebars(version["subject"], data) or subject
            contents = [
                (kind, _handlebars(version[name], data))
                for kind, name in (("text/plain", "plain_content"), ("text/html", "html_content"))
                if version[name]
            ]
        except Exception as problem:  # reason: the template is the user's, and so is its mistake
            error = f"the template can't be filled in: {problem}"
    substitutions = {**(payload.get("substitutions") or {}), **(block.get("substitutions") or {})}
    for tag, value in substitutions.items():
        subject = subject.replace(tag, str(value))
        contents = [(kind, text.replace(tag, str(value))) for kind, text in contents]
    return {
        "to": [person.get("email") for kind in ("to", "cc", "bcc") for person in block.get(kind) or ()],
        "subject": subject,
        "content": [{"type": kind, "value": text} for kind, text in contents],
        "error": error,
    }


def _handlebars(source: str, data: dict[str, Any]) -> str:
    from pybars import Compiler

    return str(Compiler().compile(source)(data))
