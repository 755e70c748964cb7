"""Right variations of a stack that shows little of itself, described without a line of code."""

from __future__ import annotations

from tests.quality.right.variation import Variation, not_asked, unknown

PROFILE = """
version = 2
name = "{name}"
migrate = ["{{python}}", "-m", "tests.quality.right.plain", "migrate"]

[processes.api]
command = ["{{python}}", "-m", "tests.quality.right.plain", "api"]

[processes.worker]
command = ["{{python}}", "-m", "tests.quality.right.plain", "worker"]

[env]
{env}

[claims]
channels = ["sms", "mms", "email"]
webhooks = true
conversations = true
delivery_reports = false
idempotency = false
retries = false
several_workers = false

[queue]
group = ""
finish = "none"
dead = ""

[providers]
observe = "none"

[webhooks.sms]
path = "/api/v1/webhooks/texts"
signed = false

[webhooks.sms.body]
from = "{{from}}"
to = "{{to}}"
type = "{{type}}"
messaging_provider_id = "{{provider_id}}"
body = "{{body}}"
attachments = "{{attachments}}"
timestamp = "{{now}}"

[webhooks.email]
path = "/api/v1/webhooks/mails"
signed = false
body = {{ from = "{{from}}", to = "{{to}}", mail_provider_id = "{{provider_id}}", body = "{{body}}" }}

[conversations]
path = "/api/v1/conversations"
items = ""
participants = ["/between"]
page = {{ limit = 1000 }}
total = ""
held = ""
"""


DENIED = ("signed webhooks", "delivery reports", "idempotency", "retries", "redelivery", "several workers")


def plain(name: str, **env: str) -> str:
    return PROFILE.format(name=name, env="\n".join(f'PLAIN_{key} = "{value}"' for key, value in env.items()))


PLAIN = (
    Variation(
        name="plain",
        what="plain XREAD, no acknowledgement, providers inside, webhooks with its own names, a limiter that says 429",
        profile=plain("plain"),
        doubts=(
            *(not_asked(f"the profile claims no {what}") for what in DENIED),
            unknown("the stack mocks its providers inside; no call can be seen"),
            unknown("without a consumer group", "queue-operations"),
        ),
        proven=("message-queued", "asynchronous", "webhooks"),
        fast=True,
        quick=True,
    ),
    Variation(
        name="plain-sends-inline",
        what="the same, and its API does the work itself",
        profile=plain("plain-sends-inline", INLINE="yes"),
        wrong="the row became sent while every worker was held",
    ),
)
