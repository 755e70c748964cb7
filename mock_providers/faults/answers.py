"""What a fault puts into an answer: a body that isn't the vendor's, and how long to wait."""

from __future__ import annotations

import math
import time
from email.utils import formatdate

from mock_providers.asgi import Answer
from mock_providers.faults.fault import Fault

RETRY_AFTER = b"retry-after"


def altered(answer: Answer, fault: Fault) -> Answer:
    """A vendor's failure as the fault has it: in somebody else's words, as of a proxy, and with Retry-After."""
    if fault.body is not None:
        kind = b"text/html; charset=utf-8" if fault.body.lstrip().startswith("<") else b"application/json"
        answer = Answer(answer.status, fault.body.encode(), [(b"content-type", kind)], code=answer.code)
    if fault.retry_after is not None:
        answer.headers.append((RETRY_AFTER, retry_after(fault.retry_after, as_date=fault.retry_after_date).encode()))
    return answer


def retry_after(seconds: float, *, as_date: bool) -> str:
    """The header's value; a date knows whole seconds, so it is up to one later than asked for."""
    return formatdate(math.ceil(time.time() + seconds), usegmt=True) if as_date else f"{seconds:g}"
