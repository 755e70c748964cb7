"""What is wrong with a template, in one line."""

from __future__ import annotations


class TemplateError(Exception):
    """A template can't be read or filled in; the message says where and why, for whoever wrote it."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")


class LimitError(TemplateError):
    """A template asked for more than the limits allow."""
