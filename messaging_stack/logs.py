"""Structured logs: one JSON object a line on standard output, with an ISO time.

Bodies, tokens and keys are never logged.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any

import structlog

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode  # made once, not per line

# what a terminal obeys, or what turns around what is read there; JSON itself escapes C0
_ACTING = re.compile("[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def _dumps(value: Any, **_: Any) -> bytes:
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", _encode(value)).encode()


def configure_logs(*, level: str, process: str) -> None:
    """Sets up logging for this process; `process` is bound to every line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def get_logger() -> Any:
    """A logger for one module; events first, then keyword fields."""
    return structlog.get_logger()
