"""A dynamic template: a name and its versions, one of which is active."""

from __future__ import annotations

from typing import Any

Template = dict[str, Any]


def active_version(template: Template | None) -> dict[str, Any] | None:
    versions = template["versions"] if template is not None else []
    return next((version for version in versions if version["active"]), None)
