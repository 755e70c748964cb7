"""The list's rules of the message itself: who, what, when, with which files."""

from __future__ import annotations

from sendgrid_list.blocks import NO_TIMESTAMP, REPORTED, TOO_FAR
from sendgrid_list.rule import LISTED_PERSON, LONG, Rule, Unanswered, attachment, part

_NOT_AN_ACCOUNTS = "any well-formed id is accepted with 202, as on the wire, and the mail isn't delivered"
_BLOCK_NEEDED = (
    "There must be at least one defined content block. We typically suggest both text/plain and text/html blocks are "
    "included, but only one block is required."
)

MESSAGE = [
    Rule("asm.group_id", "The ASM group ID must be an integer.", {"asm": {"group_id": "1"}}, "asm.group_id"),
    Rule(
        "asm.group_id",
        "The ASM group ID must be a valid Group ID on your account. You provided [YOUR ASM GROUP ID].",
        {"asm": {"group_id": 987}},
        "asm.group_id",
        said="The ASM group ID must be a valid Group ID on your account. You provided 987.",
        group=True,
    ),
    Rule(
        "asm.groups_to_display",
        "The ASM Group IDs to display must be an array of integers.",
        {"asm": {"group_id": 1, "groups_to_display": ["1"]}},
        "asm.groups_to_display",
    ),
    Rule(
        "asm.groups_to_display",
        "All ASM groups to display must be valid ASM groups IDs on your account. You provided {invalid IDs}.",
        {"asm": {"group_id": 101, "groups_to_display": [101, 987, 988]}},
        "asm.groups_to_display",
        said="All ASM groups to display must be valid ASM groups IDs on your account. You provided 987, 988.",
        group=True,
    ),
    Rule(
        "asm.groups_to_display",
        "There is a limit of 25 unsubscribe groups that can be displayed to a user at a time.",
        {"asm": {"group_id": 1, "groups_to_display": list(range(26))}},
        "asm.groups_to_display",
    ),
    Rule(
        "attachments.content",
        "The attachment content must be base64 encoded.",
        attachment(content="aGVs\r\nbG8="),
        "attachments.0.content",
    ),
    Rule(
        "attachments.content",
        "The attachment content must be a string at least one character in length.",
        attachment(content=""),
        "attachments.0.content",
    ),
    Rule(
        "attachments.content_id",
        "The content ID of your attachment must be a string. You provided [YOUR CONTENT ID].",
        attachment(content_id=7),
        "attachments.0.content_id",
        said="The content ID of your attachment must be a string. You provided 7.",
    ),
    Rule(
        "attachments.content_id",
        "The content ID of your attachment cannot contain CRLF characters.",
        attachment(content_id="a\r\nb"),
        "attachments.0.content_id",
    ),
    Rule(
        "attachments.disposition",
        'The disposition of your attachment can be either "inline" or "attachment". You provided [YOUR DISPOSITION].',
        attachment(disposition="outline"),
        "attachments.0.disposition",
        said='The disposition of your attachment can be either "inline" or "attachment". You provided outline.',
    ),
    Rule(
        "attachments.filename",
        "The filename of your attachment must be a string.",
        attachment(filename=7),
        "attachments.0.filename",
    ),
    Rule(
        "attachments.filename",
        "The filename of your attachment cannot contain CRLF characters.",
        attachment(filename="a\nb"),
        "attachments.0.filename",
    ),
    Rule("attachments.filename", "filename is required.", attachment(filename=...), "attachments.0.filename"),
    Rule(
        "attachments.type",
        "The attachment type must be a string and at least one character in length.",
        attachment(type=""),
        "attachments.0.type",
    ),
    Rule(
        "attachments.type",
        "The type cannot contain ';', or CRLF characters.",
        attachment(type="text/calendar; method=REQUEST"),
        "attachments.0.type",
        said="The attachment type cannot contain ';', or CRLF characters.",
        why=REPORTED,
    ),
    Rule("batch_id", "The batch_id must be a string.", {"batch_id": 7}, "batch_id"),
    Rule(
        "categories",
        "There is a limit of 10 categories for each email that is sent. You provided X categories.",
        {"categories": [str(n) for n in range(11)]},
        "categories",
        said="There is a limit of 10 categories for each email that is sent. You provided 11 categories.",
    ),
    Rule("categories", "Categories must be an array of strings.", {"categories": "news"}, "categories"),
    Rule(
        "categories",
        "Each category must not be longer than 255 characters. [YOUR CATEGORY] exceeds this limit",
        {"categories": ["x" * 256]},
        "categories.0",
        said=f"Each category must not be longer than 255 characters. [{'x' * 256}] exceeds this limit",
    ),
    Rule(
        "categories",
        "The categories must be a unique list, and you have included [YOUR CATEGORY] more than once.",
        {"categories": ["a", "b", "a"]},
        "categories",
        said="The categories must be a unique list, and you have included [a] more than once.",
    ),
    Rule("categories", "Categories can not contain non-ASCII characters.", {"categories": ["a", "é"]}, "categories.1"),
    Rule(
        "content",
        "The content param is required unless you are using a transactional template and have defined a template_ID.",
        {"content": None},
        "content",
        said=f"Unless a valid template_id is provided, the content parameter is required. {_BLOCK_NEEDED}",
        why=REPORTED,
    ),
    Rule("content", _BLOCK_NEEDED, {"content": []}, "content"),
    Rule(
        "content.type",
        "A content type is required, this tells email clients how to display the email.",
        part(value="x"),
        "content.0.type",
    ),
    Rule(
        "content.value",
        "The content value must be a string at least one character in length.",
        part(type="text/plain", value=7),
        "content.0.value",
    ),
    Rule(
        "content.type",
        "Your content type must be a string with length of at least one character.",
        part(type="", value="x"),
        "content.0.type",
    ),
    Rule(
        "content.type",
        "Cannot contain ';', or CRLF characters.",
        part(type="text/html; charset=utf-8", value="x"),
        "content.0.type",
        said="The content type cannot contain ';', or CRLF characters.",
        why=REPORTED,
    ),
    Rule(
        "content.value",
        "A content value is required, this is the content of the email you are sending.",
        part(type="text/plain"),
        "content.0.value",
    ),
    Rule(
        "content.value",
        "The content value must be a string at least one character in length.",
        part(type="text/plain", value=""),
        "content.0.value",
    ),
    Rule(
        "content.value",
        "Following RFC 1341, section 7.2, if either text/html or text/plain are to be sent in your email: text/plain "
        "needs to be first, followed by text/html, followed by any other content.",
        {"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]},
        "content",
        help=None,
    ),
    Rule(
        "from",
        "The from object must at least have an email parameter with a valid email address and may also contain a name "
        f"parameter. e.g. {LISTED_PERSON}",
        {"from": {"name": "x"}},
        "from.email",
    ),
    Rule(
        "from",
        "The from object must be provided for every email send. It is an object that requires the email parameter, but "
        f"may also contain a name parameter. e.g. {LISTED_PERSON}",
        {"from": None},
        "from.email",
        said="The from object must be provided for every email send. It is an object that requires the email "
        'parameter, but may also contain a name parameter.  e.g. {"email" : "example@example.com"}  or '
        '{"email" : "example@example.com", "name" : "Example Recipient"}.',
        why=REPORTED,
    ),
    Rule(
        "from",
        "The From email exceeds the maximum total length of 320 characters",
        {"from": {"email": LONG}},
        "from.email",
    ),
    Rule("headers", "The header values must be strings.", {"headers": {"X-A": 7}}, "headers.X-A"),
    Rule("headers", "The headers cannot contain duplicate keys.", {"headers": {"X-A": "1", "X-a": "2"}}, "headers"),
    Rule(
        "headers",
        "Header keys cannot contain non-ASCII characters and empty spaces.",
        {"headers": {"X-É": "1"}},
        "headers",
    ),
    Rule("headers", "Header can not be one of the reserved keys.", {"headers": {"BCC": "x"}}, "headers.BCC"),
    Rule("ip_pool_name", "The name of your IP pool must be a string.", {"ip_pool_name": 7}, "ip_pool_name"),
    Rule(
        "ip_pool_name",
        "The IP Pool name must be a valid pool name for your account. You provided [YOUR IP POOL NAME].",
        {"ip_pool_name": "other"},
        "ip_pool_name",
        said="The IP Pool name must be a valid pool name for your account. You provided other.",
        settings={"ip_pools": ["mine"]},
    ),
    Rule(
        "reply_to",
        "The reply_to object, when used, must at least have an email parameter with a valid email address and it may "
        f"also contain a name parameter. e.g. {LISTED_PERSON}",
        {"reply_to": {"name": "x"}},
        "reply_to.email",
    ),
    Rule(
        "reply_to",
        "The Reply-To email exceeds the maximum total length of 320 characters",
        {"reply_to": {"email": LONG}},
        "reply_to.email",
    ),
    Rule("sections", "The section values must be strings.", {"sections": {"-a-": 7}}, "sections"),
    Rule("send_at", NO_TIMESTAMP, {"send_at": "2030-01-01"}, "send_at"),
    Rule("send_at", "Scheduling more than 72 hours in advance is forbidden.", {"send_at": TOO_FAR}, "send_at"),
    Rule(
        "subject",
        "The subject of your email must be a string at least one character in length.",
        {"subject": ""},
        "subject",
    ),
    Rule(
        "subject",
        "The subject is required. You can get around this requirement if you use a template with a subject defined or "
        "if every personalization has a subject defined.",
        {"subject": None},
        "subject",
    ),
    Rule(
        "template_id",
        "The template ID must be a string, you provided [YOUR TEMPLATE ID].",
        {"template_id": 7},
        "template_id",
        said="The template ID must be a string, you provided 7.",
    ),
    Rule(
        "template_id",
        "Must be a valid template.",
        {"template_id": "welcome"},
        "template_id",
        said="The template_id must be a valid GUID, you provided 'welcome'.",
        why=REPORTED,
    ),
]

UNANSWERED = [
    Unanswered(
        "template_id",
        "The Template ID must be a valid template id for your account. You provided [YOUR TEMPLATE ID].",
        _NOT_AN_ACCOUNTS,
    ),
]
