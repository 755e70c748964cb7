"""The list's rules of personalizations."""

from __future__ import annotations

from sendgrid_list.rule import LISTED_PERSON, LONG, PERSON, UNIQUE, WIRE_PERSON, Rule, block

TOO_FAR = 99_999_999_999
NO_TIMESTAMP = (
    "The send_at parameter is expecting a Unix timestamp as an integer. We will send immediately if you include a "
    "send_at timestamp that is in the past."
)
REPEATED = "Each unique email address in the personalization block should only be included once. You have included "
REPORTED = "reports of answers on the wire show these words"
DECODED = "public reports, 2016 to 2025, show this answer without a field: the body is refused by the decoder"


def _copies(kind: str) -> list[Rule]:
    topic, path = f"personalizations.{kind}", f"personalizations.0.{kind}"
    return [
        Rule(
            topic,
            f"The {kind} array, when used, must at least have an email parameter with a valid email address and it may "
            f"also contain a name parameter. e.g. {LISTED_PERSON}",
            block(**{kind: []}),
            path,
            said=f"The {kind} array, when used, must at least have an email parameter with a valid email address and "
            f"it may also contain a name parameter. e.g. {WIRE_PERSON}",
            why=REPORTED,
        ),
        Rule(
            topic,
            "Each recipient object must at least have an email address and may also contain a name. e.g. "
            f"{LISTED_PERSON}",
            block(**{kind: [{"name": "x"}]}),
            f"{path}.0.email",
            said=f"The {kind} email parameter is required.",
            why=REPORTED,
        ),
        Rule(
            topic,
            f"{REPEATED}[email address] more than once.",
            block(**{kind: [{"email": "TO@example.com"}]}),
            "personalizations.0",
            said=UNIQUE.format("TO@example.com", kind),
            why=REPORTED,
            help="recipient-errors",
        ),
        Rule(
            topic,
            f"The {kind.upper()} email exceeds the maximum total length of 320 characters",
            block(**{kind: [{"email": LONG}]}),
            f"{path}.0.email",
        ),
    ]


BLOCKS = [
    Rule(
        "personalizations",
        "The personalization block is limited to 1000 personalizations per API request. You have provided X "
        "personalizations. Please consider splitting this into multiple requests and resending your request.",
        {"personalizations": [{"to": [PERSON]}] * 1001},
        "personalizations",
        said="The personalization block is limited to 1000 personalizations per API request. You have provided 1001 "
        "personalizations. Please consider splitting this into multiple requests and resending your request.",
    ),
    Rule(
        "personalizations",
        "You must have at least one personalization.",
        {"personalizations": []},
        "personalizations",
    ),
    Rule(
        "personalizations",
        "There is a limit of 1000 total recipients (to + cc + bcc) per request.",
        {"personalizations": [{"to": [{"email": f"a{n}@example.com"} for n in range(1001)]}]},
        "personalizations",
    ),
    Rule(
        "personalizations.to",
        f'Each "to" object must at least have an email address and may also contain a name. e.g. {LISTED_PERSON}',
        block(to=[{"name": "x"}]),
        "personalizations.0.to.0.email",
        said="The to email parameter is required.",
        why=REPORTED,
    ),
    Rule(
        "personalizations",
        "Each unique email address in the personalizations array should only be included once. You have included "
        "[email address] more than once.",
        block(to=[PERSON, PERSON]),
        "personalizations.0",
        said=UNIQUE.format("to@example.com", "to"),
        why=REPORTED,
        help="recipient-errors",
    ),
    Rule(
        "personalizations.to",
        "The to parameter is required for all personalization objects.",
        {"personalizations": [{}]},
        "personalizations.0.to",
    ),
    *_copies("bcc"),
    *_copies("cc"),
    Rule(
        "personalizations.custom_args",
        "All values of custom arguments object must be strings",
        block(custom_args={"a": 1}),
        None,
        said="Bad Request",
        why=DECODED,
        help=None,
    ),
    Rule(
        "personalizations.custom_args",
        "custom_args cannot be empty.",
        block(custom_args={}),
        "personalizations.0.custom_args",
    ),
    Rule(
        "personalizations.custom_args",
        "The combined size of both global and personalization custom arguments may not exceed 10,000 bytes per "
        "personalization.",
        block(custom_args={"a": "x" * 5_000}) | {"custom_args": {"b": "x" * 5_000}},
        "personalizations.0.custom_args",
    ),
    Rule(
        "personalizations.headers",
        "All values of the headers object must be strings.",
        block(headers={"X-A": 1}),
        "personalizations.0.headers.X-A",
    ),
    Rule(
        "personalizations.headers",
        "The headers cannot contain duplicate keys.",
        block(headers={"X-A": "1", "x-a": "2"}),
        "personalizations.0.headers",
    ),
    Rule(
        "personalizations.headers",
        "Header keys cannot contain non-ASCII characters or empty spaces.",
        block(headers={"X A": "1"}),
        "personalizations.0.headers",
    ),
    Rule(
        "personalizations.headers",
        "Header cannot be one of the reserved keys.",
        block(headers={"Reply-To": "a@example.com"}),
        "personalizations.0.headers.Reply-To",
    ),
    Rule("personalizations.send_at", NO_TIMESTAMP, block(send_at="tomorrow"), "personalizations.0.send_at"),
    Rule(
        "personalizations.send_at",
        "Scheduling more than 72 hours in advance is forbidden.",
        block(send_at=TOO_FAR),
        "personalizations.0.send_at",
    ),
    Rule(
        "personalizations.subject",
        "The subject of your email must be a string at least one character in length.",
        block(subject=""),
        "personalizations.0.subject",
    ),
    Rule(
        "personalizations.subject",
        "The subject is required. You can get around this requirement if you use a template with a subject defined.",
        {"personalizations": [{"to": [PERSON], "subject": "a"}, {"to": [PERSON]}], "subject": None},
        "personalizations.1.subject",
    ),
    Rule(
        "personalizations.substitutions",
        "The substitution values must be an object of key/value pairs, where the values are all strings.",
        block(substitutions={"-a-": 1}),
        None,
        said="Bad Request",
        why=DECODED,
        help=None,
    ),
    Rule(
        "personalizations.substitutions",
        "You are limited to 10,000 substitutions.",
        block(substitutions={f"-{n}-": "x" for n in range(10_001)}),
        "personalizations.0.substitutions",
    ),
    Rule(
        "personalizations.to",
        "The to array must at least have an email parameter with a valid email address and it may also contain a name "
        f"parameter. e.g. {LISTED_PERSON}",
        block(to=[]),
        "personalizations.0.to",
        said="The to array is required for all personalization objects, and must have at least one email object with a "
        "valid email address.",
        why=REPORTED,
    ),
    Rule(
        "personalizations.to",
        "The To email exceeds the maximum total length of 320 characters",
        block(to=[{"email": LONG}]),
        "personalizations.0.to.0.email",
    ),
]
