"""Structured logs: one JSON object a line on standard output, with an ISO time.

Bodies, tokens and keys are never logged.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import structlog

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode  # made once, not per line


def _dumps(value: Any, **_: Any) -> bytes:
    return _encode(value).encode("utf-8", "backslashreplace")


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
