"""Addresses: the sender, who gets the answers, and every recipient of a personalization."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from mock_providers.sendgrid.errors import Problem
from mock_providers.sendgrid.rules.wording import Json, Problems, help_on, wrong_type

ADDRESS_LENGTH = 320
REPLIES = 1000

KINDS = ("to", "cc", "bcc")

# dots stand between words, alone: whoever has another name at a provider is reached by its quoted form, as the vendor's
# support says (support.sendgrid.kke.co.jp, "どういったメールアドレスに送信できますか")
_WORD = r"[^@.\s\x00-\x1f\x7f\"<>(),:;\[\]\\]+"
_LOCAL = rf"(?=[^@]{{1,64}}@){_WORD}(?:\.{_WORD})*"
_QUOTED = r"(?=.{3,64}@)\"(?:[^\x00-\x1f\x7f\"\\]|\\[^\x00-\x1f\x7f])+\""
_DOMAIN = r"@[A-Za-z0-9][A-Za-z0-9-]*(?<!-)(?:\.[A-Za-z0-9][A-Za-z0-9-]*(?<!-))+"
_ADDRESS = re.compile(rf"{_LOCAL}{_DOMAIN}")
_QUOTED_ADDRESS = re.compile(rf"{_QUOTED}{_DOMAIN}")
_INTERNATIONAL = re.compile(rf"{_LOCAL}@[^\W_](?:[^\W_]|-)*(?<!-)(?:\.[^\W_](?:[^\W_]|-)*(?<!-))+")

_LISTED = '{"email": "example@example.com"} or {"email": "example@example.com", "name": "Example Recipient"}'
_ON_THE_WIRE = '{"email" : "example@example.com"} or {"email" : "example@example.com", "name" : "Example Recipient"}.'
_NO_FROM = (
    "The from object must be provided for every email send. It is an object that requires the email parameter, but may "
    'also contain a name parameter.  e.g. {"email" : "example@example.com"}  or '
    '{"email" : "example@example.com", "name" : "Example Recipient"}.'
)


class _Role(NamedTuple):
    """What the vendor says of an address in one place of a mail."""

    called: str
    topic: str | None
    missing: str
    invalid: str = "Does not contain a valid address."


_TO = _Role("To", "personalizations.to", "The to email parameter is required.")
_CC = _Role("CC", "personalizations.cc", "The cc email parameter is required.")
_BCC = _Role("BCC", "personalizations.bcc", "The bcc email parameter is required.")
_FROM = _Role(
    "From",
    "from",
    "The from object must at least have an email parameter with a valid email address and may also contain a name "
    f"parameter. e.g. {_LISTED}",
    "The from email does not contain a valid address.",
)
_REPLY_TO = _Role(
    "Reply-To",
    "reply_to",
    "The reply_to object, when used, must at least have an email parameter with a valid email address and it may also "
    f"contain a name parameter. e.g. {_LISTED}",
    "The reply_to email does not contain a valid address.",
)
_REPLY_TO_LIST = _Role("Reply-To", None, "The reply_to_list email parameter is required.")
_ROLES = {"to": _TO, "cc": _CC, "bcc": _BCC}


def is_address(text: str) -> bool:
    """Whether mail can go there; UTF-8 is taken, as by the vendor since 2025."""
    if len(text) > ADDRESS_LENGTH:
        return False
    if _ADDRESS.fullmatch(text) is not None:
        return True
    if text[:1] == '"':
        return _QUOTED_ADDRESS.fullmatch(text) is not None
    return not text.isascii() and _INTERNATIONAL.fullmatch(text) is not None


def _is_right(person: Any) -> bool:
    """Whether there is nothing to say about a person, which is nearly always so."""
    if type(person) is not dict:
        return False
    email = person.get("email")
    return type(email) is str and is_address(email) and type(person.get("name", "")) is str


def _wrong(person: Any, field: str, role: _Role, problems: Problems) -> None:
    if not isinstance(person, dict):
        problems.append(wrong_type("object", person, field, role.topic))
        return
    if "email" not in person:
        problems.append(Problem(role.missing, f"{field}.email", help_on(role.topic)))
    elif not isinstance(email := person["email"], str):
        problems.append(wrong_type("string", email, f"{field}.email", role.topic))
    elif len(email) > ADDRESS_LENGTH:
        message = f"The {role.called} email exceeds the maximum total length of {ADDRESS_LENGTH} characters"
        problems.append(Problem(message, f"{field}.email", help_on(role.topic)))
    elif not is_address(email):
        problems.append(Problem(role.invalid, f"{field}.email", help_on(role.topic)))
    if not isinstance(person.get("name", ""), str):
        problems.append(wrong_type("string", person["name"], f"{field}.name", role.topic))


def sender(mail: Json, problems: Problems) -> None:
    """`from`, which every mail has."""
    if "from" not in mail:
        problems.append(Problem(_NO_FROM, "from.email", help_on("from")))
    elif not _is_right(mail["from"]):
        _wrong(mail["from"], "from", _FROM, problems)


def sender_of_block(value: Any, field: str, problems: Problems) -> None:
    """The `from` of a personalization, which goes before the mail's own."""
    if not _is_right(value):
        _wrong(value, field, _FROM, problems)


def reply_to(value: Any, problems: Problems) -> None:
    if not _is_right(value):
        _wrong(value, "reply_to", _REPLY_TO, problems)


def reply_to_list(value: Any, problems: Problems) -> None:
    if not isinstance(value, list):
        problems.append(wrong_type("array", value, "reply_to_list"))
        return
    if len(value) > REPLIES:
        problems.append(Problem(f"There is a limit of {REPLIES} reply_to_list emails per request.", "reply_to_list"))
    seen: set[str] = set()
    for n, person in enumerate(value):
        if not _is_right(person):
            _wrong(person, f"reply_to_list.{n}", _REPLY_TO_LIST, problems)
            continue
        folded = person["email"].lower()
        if folded in seen:
            problems.append(Problem("Each email address in the reply_to_list should be unique.", "reply_to_list"))
            return
        seen.add(folded)


def recipients(block: Json, n: int, problems: Problems) -> int:
    """Looks at to, cc and bcc of a personalization, and gives how many addresses they have together."""
    seen: set[str] = set()
    count = 0
    duplicate = False
    for kind in KINDS:
        if kind not in block:
            if kind == "to":
                message = "The to parameter is required for all personalization objects."
                problems.append(Problem(message, f"personalizations.{n}.to", help_on("personalizations.to")))
            continue
        people = block[kind]
        if not isinstance(people, list) or not people:
            problems.append(_no_people(people, kind, f"personalizations.{n}.{kind}"))
            continue
        count += len(people)
        for m, person in enumerate(people):
            if not _is_right(person):
                _wrong(person, f"personalizations.{n}.{kind}.{m}", _ROLES[kind], problems)
                continue
            folded = person["email"].lower()
            if folded in seen and not duplicate:
                duplicate = True
                problems.append(_duplicate(person["email"], kind, n))
            seen.add(folded)
    return count


def _no_people(people: Any, kind: str, field: str) -> Problem:
    topic = f"personalizations.{kind}"
    if not isinstance(people, list):
        return wrong_type("array", people, field, topic)
    if kind == "to":
        message = (
            "The to array is required for all personalization objects, and must have at least one email object with a "
            "valid email address."
        )
    else:
        message = (
            f"The {kind} array, when used, must at least have an email parameter with a valid email address and it may "
            f"also contain a name parameter. e.g. {_ON_THE_WIRE}"
        )
    return Problem(message, field, help_on(topic))


def _duplicate(email: str, kind: str, n: int) -> Problem:
    message = (
        "Each email address in the personalization block should be unique between to, cc, and bcc. "
        f"We found the first duplicate instance of [{email}] in the personalizations.{n}.{kind} field."
    )
    return Problem(message, f"personalizations.{n}", help_on("recipient-errors"))
