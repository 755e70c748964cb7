"""Every exception that the stack raises.

StackError
├── SettingsError            a setting is missing or makes no sense; exit code 3
├── Unavailable              PostgreSQL or Redis can't be reached; exit code 3 where nothing can be done without it
├── InvalidMessage           what was sent can't be accepted; answered as 422
├── IdempotencyConflict      one Idempotency-Key came with two different bodies; answered as 422
├── BodyTooLarge             answered as 413
├── BadSignature             a webhook isn't from whom it says; answered as 403
├── PoisonEntry              a queue entry that can never be processed; it goes to the dead letters
└── DeliveryError            the provider didn't accept the message
    ├── TransientDeliveryError   it may, later: 408, 429, 5xx, a timeout, a broken connection, garbage
    └── PermanentDeliveryError   it never will: any other 4xx
"""

from __future__ import annotations


class StackError(Exception):
    """The root of all that the stack raises."""


class SettingsError(StackError):
    """A setting is missing or makes no sense; the message is one line that says what to do."""


class Unavailable(StackError):
    """PostgreSQL or Redis can't be reached."""


class InvalidMessage(StackError):
    """What was sent can't be accepted; `location` says which part of it."""

    def __init__(self, message: str, *, location: tuple[str | int, ...] = ("body",)) -> None:
        super().__init__(message)
        self.location = location


class IdempotencyConflict(StackError):
    """One Idempotency-Key came with two different bodies."""


class BodyTooLarge(StackError):
    """The request's body is larger than this endpoint takes."""


class BadSignature(StackError):
    """A webhook isn't from whom it says."""


class PoisonEntry(StackError):
    """A queue entry that can never be processed; `reason` is a word for machines."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class DeliveryError(StackError):
    """The provider didn't accept the message; `code` is the provider's own, where it gave one."""

    def __init__(self, message: str, *, code: int | str | None = None, http_status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status


class TransientDeliveryError(DeliveryError):
    """The provider may accept it later; `retry_after_s` is what it asked for, where it did."""

    def __init__(
        self,
        message: str,
        *,
        code: int | str | None = None,
        http_status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, code=code, http_status=http_status)
        self.retry_after_s = retry_after_s


class PermanentDeliveryError(DeliveryError):
    """The provider will never accept it."""
