"""The rules of `/v3/mail/send`, each with the vendor's wording, the path of the field it is about, and its help.

Source: `Web_API_v3/Mail/errors.md` of the public repository sendgrid/docs. Where public reports show another wording
on the wire, that one is answered (`tests/mocks/sendgrid_rules.py` names each). What the list has no words for, and
null for any field, is said as the vendor's schema says it: `Invalid type. Expected: array, given: null.`
"""

from __future__ import annotations

from mock_providers.sendgrid.errors import HELP, Problem
from mock_providers.sendgrid.rules import arguments, attachments, content, headers, people, sending, settings
from mock_providers.sendgrid.rules.people import is_address
from mock_providers.sendgrid.rules.personalizations import personalizations
from mock_providers.sendgrid.rules.wording import BAD_REQUEST, Json, Problems, Terms, wrong_type

__all__ = ["BAD_REQUEST", "Terms", "broken_rules", "is_address", "not_an_object"]

_OPTIONAL = {
    "attachments": attachments.attachments,
    "asm": sending.asm,
    "batch_id": sending.batch_id,
    "categories": sending.categories,
    "custom_args": arguments.custom_args,
    "headers": headers.headers,
    "ip_pool_name": sending.ip_pool_name,
    "mail_settings": settings.mail_settings,
    "sections": arguments.sections,
    "send_at": sending.send_at,
    "tracking_settings": settings.tracking_settings,
}


def broken_rules(mail: Json, terms: Terms) -> Problems:
    """Every rule the mail breaks; an empty list if it may be sent."""
    problems: Problems = []
    personalizations(mail, problems, terms)
    people.sender(mail, problems)
    if "reply_to" in mail or "reply_to_list" in mail:
        _answers(mail, problems)
    content.template_id(mail, problems)
    content.subject(mail, problems)
    content.content(mail, problems)
    for name, value in mail.items():
        rule = _OPTIONAL.get(name)
        if rule is not None:
            rule(value, problems, terms)
    if problems and BAD_REQUEST in problems:
        return [BAD_REQUEST]  # nothing else was looked at
    return problems


def not_an_object(body: object) -> Problem:
    """A body of another type."""
    problem = wrong_type("object", body, "(root)")
    return problem._replace(help=f"{HELP.removesuffix('message.')}-Request-Body-Parameters")


def _answers(mail: Json, problems: Problems) -> None:
    """Who gets the answers."""
    if "reply_to" in mail and "reply_to_list" in mail:
        problems.append(Problem("The reply_to and reply_to_list parameters are mutually exclusive.", "reply_to"))
    if "reply_to" in mail:
        people.reply_to(mail["reply_to"], problems)
    if "reply_to_list" in mail:
        people.reply_to_list(mail["reply_to_list"], problems)
