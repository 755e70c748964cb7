"""How a mail is sent and grouped: its time and batch, categories, unsubscribe group, IP pool."""

from __future__ import annotations

from typing import Any

from mock_providers.sendgrid.errors import Problem
from mock_providers.sendgrid.rules.wording import Problems, Terms, help_on, is_whole, shown, wrong_type

HORIZON_S = 72 * 3600
CATEGORIES = 10
CATEGORY_LENGTH = 255
GROUPS = 25
POOL_NAME = range(2, 65)
"""Characters of a pool's name (the vendor's OpenAPI file)."""


def send_at(value: Any, problems: Problems, terms: Terms) -> None:
    _moment(value, "send_at", "send_at", problems, terms)


def own_send_at(value: Any, n: int, problems: Problems, terms: Terms) -> None:
    """A personalization's, which goes before the mail's."""
    _moment(value, f"personalizations.{n}.send_at", "personalizations.send_at", problems, terms)


def _moment(value: Any, field: str, topic: str, problems: Problems, terms: Terms) -> None:
    if is_whole(value):
        if value > terms.now + HORIZON_S:
            problems.append(Problem("Scheduling more than 72 hours in advance is forbidden.", field, help_on(topic)))
    elif value is None or isinstance(value, float):
        problems.append(wrong_type("integer", value, field, topic))  # as reported of a number with a point
    else:
        message = (
            "The send_at parameter is expecting a Unix timestamp as an integer. We will send immediately if you "
            "include a send_at timestamp that is in the past."
        )
        problems.append(Problem(message, field, help_on(topic)))


def batch_id(value: Any, problems: Problems, _: Terms) -> None:
    if value is None:
        problems.append(wrong_type("string", value, "batch_id", "batch_id"))
    elif not isinstance(value, str):
        problems.append(Problem("The batch_id must be a string.", "batch_id", help_on("batch_id")))


def categories(value: Any, problems: Problems, _: Terms) -> None:
    topic = help_on("categories")
    if value is None:
        problems.append(wrong_type("array", value, "categories", "categories"))
        return
    if not isinstance(value, list):
        problems.append(Problem("Categories must be an array of strings.", "categories", topic))
        return
    if len(value) > CATEGORIES:
        message = (
            f"There is a limit of {CATEGORIES} categories for each email that is sent. You provided {len(value)} "
            "categories."
        )
        problems.append(Problem(message, "categories", topic))
        return
    seen: set[str] = set()
    for n, item in enumerate(value):
        if not isinstance(item, str):
            problems.append(Problem("Categories must be an array of strings.", f"categories.{n}", topic))
            continue
        if len(item) > CATEGORY_LENGTH:
            message = f"Each category must not be longer than {CATEGORY_LENGTH} characters. [{item}] exceeds this limit"
            problems.append(Problem(message, f"categories.{n}", topic))
        if not item.isascii():
            problems.append(Problem("Categories can not contain non-ASCII characters.", f"categories.{n}", topic))
        if item in seen:
            message = f"The categories must be a unique list, and you have included [{shown(item)}] more than once."
            problems.append(Problem(message, "categories", topic))
        seen.add(item)


def asm(value: Any, problems: Problems, terms: Terms) -> None:
    if not isinstance(value, dict):
        problems.append(wrong_type("object", value, "asm"))
        return
    group = value.get("group_id")
    if not is_whole(group):
        if group is None and "group_id" in value:
            problems.append(wrong_type("integer", group, "asm.group_id", "asm.group_id"))
        else:
            problems.append(Problem("The ASM group ID must be an integer.", "asm.group_id", help_on("asm.group_id")))
    elif terms.groups and group not in terms.groups:
        message = f"The ASM group ID must be a valid Group ID on your account. You provided {group}."
        problems.append(Problem(message, "asm.group_id", help_on("asm.group_id")))
    if "groups_to_display" in value:
        _groups_to_display(value["groups_to_display"], problems, terms)


def _groups_to_display(value: Any, problems: Problems, terms: Terms) -> None:
    field = topic = "asm.groups_to_display"
    if value is None:
        problems.append(wrong_type("array", value, field, topic))
        return
    if not isinstance(value, list) or not all(map(is_whole, value)):
        message = "The ASM Group IDs to display must be an array of integers."
        problems.append(Problem(message, field, help_on(topic)))
        return
    if len(value) > GROUPS:
        message = f"There is a limit of {GROUPS} unsubscribe groups that can be displayed to a user at a time."
        problems.append(Problem(message, field, help_on(topic)))
    unknown = [group for group in value if group not in terms.groups] if terms.groups else []
    if unknown:
        message = (
            "All ASM groups to display must be valid ASM groups IDs on your account. You provided "
            f"{', '.join(map(str, unknown))[:200]}."
        )
        problems.append(Problem(message, field, help_on(topic)))


def ip_pool_name(value: Any, problems: Problems, terms: Terms) -> None:
    topic = "ip_pool_name"
    if value is None:
        problems.append(wrong_type("string", value, "ip_pool_name", topic))
    elif not isinstance(value, str):
        problems.append(Problem("The name of your IP pool must be a string.", "ip_pool_name", help_on(topic)))
    elif len(value) not in POOL_NAME or (terms.ip_pools and value not in terms.ip_pools):
        message = f"The IP Pool name must be a valid pool name for your account. You provided {shown(value)}."
        problems.append(Problem(message, "ip_pool_name", help_on(topic)))
