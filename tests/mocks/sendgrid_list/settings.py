"""The list's rules of mail settings and tracking settings."""

from __future__ import annotations

from sendgrid_list.rule import LISTED_PERSON, Rule, setting

MAIL, TRACKING = "mail_settings", "tracking_settings"


def _type(group: str, name: str, param: str, listed: str, given: object) -> Rule:
    topic = f"{group}.{name}.{param}"
    return Rule(topic, listed, setting(group, name, **{param: given}), topic)


def _needed(name: str, param: str, listed: str, **others: object) -> Rule:
    topic = f"{MAIL}.{name}.{param}"
    return Rule(topic, listed, setting(MAIL, name, enable=True, **others), topic)


SETTINGS = [
    _type(
        MAIL,
        "bcc",
        "email",
        "The bcc email recipient object must at least have an email address and may also contain a name. e.g. "
        f"{LISTED_PERSON}",
        "nobody",
    ),
    _needed("bcc", "email", "You must include a recipient object when using the bcc mail setting."),
    _type(MAIL, "bcc", "enable", "The bcc enable param should be a boolean value.", "true"),
    _type(
        MAIL,
        "bypass_list_management",
        "enable",
        "The bypass list management enable param should be a boolean value.",
        1,
    ),
    _type(MAIL, "footer", "enable", "The footer enable param should be a boolean value.", 1),
    _type(MAIL, "footer", "html", "The text/html version of your footer should be a string.", 7),
    _type(MAIL, "footer", "text", "The text/plain version of your footer should be a string.", ["x"]),
    _type(MAIL, "sandbox_mode", "enable", "The sandbox mode enable param should be a boolean value.", "true"),
    _type(MAIL, "spam_check", "enable", "The spam check enable param should be a boolean value.", "true"),
    _type(MAIL, "spam_check", "post_to_url", "The spam check url must be a string.", 7),
    _needed(
        "spam_check",
        "post_to_url",
        "You must include the url to post to when using the spam check mail setting.",
        threshold=1,
    ),
    _type(
        MAIL,
        "spam_check",
        "post_to_url",
        "The `post_to_url` parameter must start with `http://` or `https://`.",
        "ftp://example.com",
    ),
    _type(
        MAIL,
        "spam_check",
        "threshold",
        "The spam check threshold is between 1 and 10, with the lower numbers being the most strict filtering.",
        11,
    ),
    _needed(
        "spam_check",
        "threshold",
        "You must include the spam check threshold when using the spam check mail setting.",
        post_to_url="https://example.com",
    ),
    _type(TRACKING, "click_tracking", "enable", "The click tracking enable param should be a boolean value.", "true"),
    _type(TRACKING, "click_tracking", "enable_text", "The click tracking enable text must be a boolean value.", 1),
    _type(TRACKING, "ganalytics", "enable", "The Google Analytics enable param must be a boolean value.", "true"),
    *(
        _type(TRACKING, "ganalytics", name, f"The Google Analytics {name} must be a string value.", 7)
        for name in ("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term")
    ),
    _type(TRACKING, "open_tracking", "enable", "The open tracking enable param should be a boolean value.", "yes"),
    _type(TRACKING, "open_tracking", "substitution_tag", "The open tracking substitution tag must be a string.", 7),
    _type(
        TRACKING,
        "subscription_tracking",
        "enable",
        "The subscription tracking enable param should be a boolean value.",
        0,
    ),
    _type(
        TRACKING,
        "subscription_tracking",
        "html",
        "The subscription tracking unsubscribe content for text/html messages must be a string.",
        7,
    ),
    _type(
        TRACKING,
        "subscription_tracking",
        "substitution_tag",
        "The subscription tracking substitution tag must be a string value.",
        7,
    ),
    _type(
        TRACKING,
        "subscription_tracking",
        "text",
        "The subscription tracking unsubscribe content for text/plain messages must be a string.",
        {"x": 1},
    ),
]
