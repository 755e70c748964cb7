"""What addresses and texts are acceptable."""

from __future__ import annotations

import json
from email.utils import parseaddr
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

MAX_TEXT = 100_000
MAX_LINE = 998  # of a mail's header (RFC 5322, section 2.1.1)
MAX_METADATA = 16_384
MAX_URL = 2_048


@lru_cache(maxsize=10_000)  # the same numbers come again and again, and parsing one takes 50 µs
def phone_number(value: str) -> str:
    """The number in E.164 form; raises ValueError.

    It must begin with + and be *possible* for its country (length and prefix). It need not be assigned: providers
    refuse those themselves, and numbers reserved for tests are not.
    """
    import phonenumbers

    problem = f"expected a phone number in E.164 form, like +12065550100, not {_shown(value)}"
    if not value.startswith("+") or not value[1:].isascii() or not value[1:].isdigit():
        raise ValueError(problem)
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        raise ValueError(problem) from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError(problem)
    return value


def email_address(value: str) -> str:
    """The address, its domain normalised; raises ValueError. Test domains are allowed, DNS isn't asked."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(f"expected an email address, not {_shown(value)}: {error}") from None


def named_address(value: str) -> str:
    """An email address, alone or as `Name <address>`, as it is given; raises ValueError."""
    _, address = parseaddr(storable_line(value))
    if not address:
        raise ValueError(f"expected an email address, not {_shown(value)}")
    email_address(address)
    return value


def web_address(value: str) -> str:
    """An http or https URL; raises ValueError."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or len(value) > MAX_URL or not value.isprintable() or " " in value:
        raise ValueError(f"expected an http:// or https:// URL, not {_shown(value)}")
    return value


def storable_text(value: str) -> str:
    """Text that PostgreSQL can hold; raises ValueError. Lone surrogates never get here: pydantic refuses them."""
    if "\0" in value:
        raise ValueError("the character NUL can't be stored; leave it out")
    return value


def storable_line(value: str) -> str:
    """Text of one line that PostgreSQL can hold; raises ValueError."""
    if "\n" in value or "\r" in value:
        raise ValueError("expected one line")
    return storable_text(value)


def storable_object(value: dict[str, Any]) -> dict[str, Any]:
    """A JSON object that PostgreSQL can hold, of a bounded size; raises ValueError."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("lone surrogates can't be stored; leave them out") from None
    except (ValueError, RecursionError):
        raise ValueError("expected JSON: numbers must be finite, and nesting moderate") from None
    if size > MAX_METADATA:
        raise ValueError(f"expected at most {MAX_METADATA} bytes of JSON, not {size}")
    if "\\u0000" in text:
        raise ValueError("the character NUL can't be stored; leave it out")
    return value


def cleaned(value: str) -> str:
    """Text of someone whom we can't ask to mend it, with what can't be stored replaced."""
    return value.replace("\0", "�").encode("utf-8", "replace").decode()


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:60] + "…")
