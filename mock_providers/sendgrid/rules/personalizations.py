"""Personalizations: how many, whom they reach, and what each changes."""

from __future__ import annotations

from typing import Any

from mock_providers.sendgrid.errors import HELP, Problem
from mock_providers.sendgrid.rules.arguments import own_args, substitutions, template_data
from mock_providers.sendgrid.rules.content import is_dynamic, wrong_subject
from mock_providers.sendgrid.rules.headers import own_headers
from mock_providers.sendgrid.rules.people import recipients, sender_of_block
from mock_providers.sendgrid.rules.sending import own_send_at
from mock_providers.sendgrid.rules.wording import Json, Problems, Terms, help_on, wrong_type

PERSONALIZATIONS = 1000
RECIPIENTS = 1000

_ERRORS = HELP.removesuffix("message.")
_TOPIC = help_on("personalizations")


def personalizations(mail: Json, problems: Problems, terms: Terms) -> None:
    if "personalizations" not in mail:
        message = "The personalizations field is required and must have at least one personalization."
        problems.append(Problem(message, "personalizations", f"{_ERRORS}-Personalizations-Errors"))
        return
    blocks = mail["personalizations"]
    if not isinstance(blocks, list):
        problems.append(wrong_type("array", blocks, "personalizations", "personalizations"))
        return
    if not blocks:
        problems.append(Problem("You must have at least one personalization.", "personalizations", _TOPIC))
        return
    if len(blocks) > PERSONALIZATIONS:
        message = (
            f"The personalization block is limited to {PERSONALIZATIONS} personalizations per API request. "
            f"You have provided {len(blocks)} personalizations. "
            "Please consider splitting this into multiple requests and resending your request."
        )
        problems.append(Problem(message, "personalizations", _TOPIC))
        return
    total = 0
    for n, block in enumerate(blocks):
        if not isinstance(block, dict):
            problems.append(wrong_type("object", block, f"personalizations.{n}"))
            continue
        total += recipients(block, n, problems)
        if len(block) > 1:
            _changes(block, n, mail, problems, terms)
    if total > RECIPIENTS:
        message = f"There is a limit of {RECIPIENTS} total recipients (to + cc + bcc) per request."
        problems.append(Problem(message, "personalizations", _TOPIC))


def _changes(block: Json, n: int, mail: Json, problems: Problems, terms: Terms) -> None:
    """What a personalization has beside its recipients."""
    for name, value in block.items():
        if name in _ELSEWHERE:
            continue
        if name == "custom_args":
            own_args(value, mail.get("custom_args"), n, problems, terms)
        elif name == "substitutions":
            substitutions(value, n, problems, dynamic=is_dynamic(mail))
        elif name == "dynamic_template_data":
            template_data(value, n, problems)
        elif name == "headers":
            own_headers(value, n, problems)
        elif name == "send_at":
            own_send_at(value, n, problems, terms)
        elif name == "from":
            sender_of_block(value, f"personalizations.{n}.from", problems)
        elif name == "subject":
            _subject(value, n, problems)


_ELSEWHERE = frozenset(("to", "cc", "bcc"))


def _subject(value: Any, n: int, problems: Problems) -> None:
    problem = wrong_subject(value, f"personalizations.{n}.subject", "personalizations.subject")
    if problem is not None:
        problems.append(problem)
