"""A dynamic template: a name and its versions, one of which is active."""

from __future__ import annotations

from typing import Any

Template = dict[str, Any]


def active_version(template: Template | None) -> dict[str, Any] | None:
    versions = template["versions"] if template is not None else []
    return next((version for version in versions if version["active"]), None)


def is_dynamic(template: Template) -> bool:
    """Whether it is filled in with Handlebars; a legacy one has tags to be replaced."""
    return bool(template["generation"] == "dynamic")
