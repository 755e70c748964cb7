"""`mail_settings` and `tracking_settings`: objects of switches and texts, each with the vendor's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mock_providers.sendgrid.errors import Problem
from mock_providers.sendgrid.rules.people import is_address
from mock_providers.sendgrid.rules.wording import Json, Problems, Terms, help_on, is_whole, wrong_type

_BYPASSES = ("bypass_spam_management", "bypass_bounce_management", "bypass_unsubscribe_management")
_THRESHOLDS = range(1, 11)


class _Param(NamedTuple):
    """A parameter: its type, and what is said of another one; None for the words of the schema."""

    type: type[bool | str]
    words: str | None = None


_Settings = Mapping[str, Mapping[str, _Param]]

MAIL: _Settings = {
    "bcc": {"enable": _Param(bool, "The bcc enable param should be a boolean value.")},
    "bypass_list_management": {
        "enable": _Param(bool, "The bypass list management enable param should be a boolean value.")
    },
    **{name: {"enable": _Param(bool)} for name in _BYPASSES},
    "footer": {
        "enable": _Param(bool, "The footer enable param should be a boolean value."),
        "html": _Param(str, "The text/html version of your footer should be a string."),
        "text": _Param(str, "The text/plain version of your footer should be a string."),
    },
    "sandbox_mode": {"enable": _Param(bool, "The sandbox mode enable param should be a boolean value.")},
    "spam_check": {
        "enable": _Param(bool, "The spam check enable param should be a boolean value."),
        "post_to_url": _Param(str, "The spam check url must be a string."),
    },
}

TRACKING: _Settings = {
    "click_tracking": {
        "enable": _Param(bool, "The click tracking enable param should be a boolean value."),
        "enable_text": _Param(bool, "The click tracking enable text must be a boolean value."),
    },
    "ganalytics": {
        "enable": _Param(bool, "The Google Analytics enable param must be a boolean value."),
        **{
            name: _Param(str, f"The Google Analytics {name} must be a string value.")
            for name in ("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term")
        },
    },
    "open_tracking": {
        "enable": _Param(bool, "The open tracking enable param should be a boolean value."),
        "substitution_tag": _Param(str, "The open tracking substitution tag must be a string."),
    },
    "subscription_tracking": {
        "enable": _Param(bool, "The subscription tracking enable param should be a boolean value."),
        "html": _Param(str, "The subscription tracking unsubscribe content for text/html messages must be a string."),
        "substitution_tag": _Param(str, "The subscription tracking substitution tag must be a string value."),
        "text": _Param(str, "The subscription tracking unsubscribe content for text/plain messages must be a string."),
    },
}


def mail_settings(value: Any, problems: Problems, _: Terms) -> None:
    _check(value, "mail_settings", MAIL, problems)
    if not isinstance(value, dict):
        return
    if isinstance(bcc := value.get("bcc"), dict):
        _bcc(bcc, problems)
    if isinstance(spam := value.get("spam_check"), dict):
        _spam_check(spam, problems)
    if _is_on(value, "bypass_list_management") and any(_is_on(value, name) for name in _BYPASSES):
        # the vendor's documentation says so of the setting; its list of errors has no words for it
        message = "The bypass_list_management setting cannot be combined with other bypass settings."
        problems.append(Problem(message, "mail_settings.bypass_list_management"))


def tracking_settings(value: Any, problems: Problems, _: Terms) -> None:
    _check(value, "tracking_settings", TRACKING, problems)


def _check(value: Any, path: str, known: _Settings, problems: Problems) -> None:
    if not isinstance(value, dict):
        problems.append(wrong_type("object", value, path))
        return
    for name, setting in value.items():
        params = known.get(name)
        if params is None:
            continue
        if not isinstance(setting, dict):
            problems.append(wrong_type("object", setting, f"{path}.{name}"))
            continue
        for key, given in setting.items():
            param = params.get(key)
            if param is None or type(given) is param.type:
                continue
            field = f"{path}.{name}.{key}"
            if param.words is None or given is None:
                expected = "boolean" if param.type is bool else "string"
                problems.append(wrong_type(expected, given, field, field if param.words else None))
            else:
                problems.append(Problem(param.words, field, help_on(field)))


def _bcc(setting: Json, problems: Problems) -> None:
    field = "mail_settings.bcc.email"
    given = setting.get("email")
    if "email" not in setting:
        if setting.get("enable") is True:
            message = "You must include a recipient object when using the bcc mail setting."
            problems.append(Problem(message, field, help_on(field)))
        return
    address = given.get("email") if isinstance(given, dict) else given
    if given is None:
        problems.append(wrong_type("string", given, field, field))
    elif not isinstance(address, str) or not is_address(address):
        message = (
            "The bcc email recipient object must at least have an email address and may also contain a name. e.g. "
            '{"email": "example@example.com"} or {"email": "example@example.com", "name": "Example Recipient"}'
        )
        problems.append(Problem(message, field, help_on(field)))


def _spam_check(setting: Json, problems: Problems) -> None:
    on = setting.get("enable") is True
    url = setting.get("post_to_url")
    field = "mail_settings.spam_check.post_to_url"
    if "post_to_url" not in setting:
        if on:
            message = "You must include the url to post to when using the spam check mail setting."
            problems.append(Problem(message, field, help_on(field)))
    elif isinstance(url, str) and not url.startswith(("http://", "https://")):
        message = "The `post_to_url` parameter must start with `http://` or `https://`."
        problems.append(Problem(message, field, help_on(field)))
    threshold = setting.get("threshold")
    field = "mail_settings.spam_check.threshold"
    if "threshold" not in setting:
        if on:
            message = "You must include the spam check threshold when using the spam check mail setting."
            problems.append(Problem(message, field, help_on(field)))
    elif threshold is None:
        problems.append(wrong_type("integer", threshold, field, field))
    elif not is_whole(threshold) or threshold not in _THRESHOLDS:
        message = (
            "The spam check threshold is between 1 and 10, with the lower numbers being the most strict filtering."
        )
        problems.append(Problem(message, field, help_on(field)))


def _is_on(settings: Json, name: str) -> bool:
    setting = settings.get(name)
    return isinstance(setting, dict) and setting.get("enable") is True
