"""Every exception that the harness raises.

HarnessError
├── UsageError              what was asked for can't be done; exit code 3
│   ├── ProfileError        the profile can't be read or doesn't make sense
│   ├── DeployError         a part of the stack can't be started or reached
│   └── PartDied            a part died under the run: what it would have shown is lost
├── Inconclusive            the record can't decide: the verdict is *unknown*
│   ├── DeadlineExpired     the awaited event didn't come in time, and nothing says that it can't
│   └── Unobservable        this deployment can't show, or can't do, what a check needs
└── Refuted                 the record proves that the stack is wrong: the verdict is *fail*
    ├── ExpectationFailed   what was expected can't come any more, or what must not be was
    └── CheckFailed         a check judged the history and said fail

`Refuted` is an AssertionError, so that pytest and Allure call it a failure; `Inconclusive` isn't, so that they
call it broken and it never reads as green.
"""

from __future__ import annotations

from typing import Any


class HarnessError(Exception):
    """The root of all that the harness raises; `witnesses` are the events that it is about, where it is about any."""

    witnesses: tuple[Any, ...] = ()

    def __str__(self) -> str:
        # what a message, a stack or a log has said goes to terminals with it; pytest's own runs load this module, too,
        # and only what went wrong pays for more
        from harness.visible import visible

        return visible(super().__str__())


class UsageError(HarnessError):
    """What was asked for can't be done; the message is one line that says what to do."""


class ProfileError(UsageError):
    """The profile can't be read or doesn't make sense."""


class DeployError(UsageError):
    """A part of the stack can't be started or reached."""


class PartDied(UsageError):
    """A part of the run (Redis, database, mocks, wire, API, keeper) died under it; nothing more can be judged."""


class Inconclusive(HarnessError):
    """The record can't decide: the verdict is unknown; `remedy` says what would turn it into an answer, if known."""

    def __init__(self, *args: object, remedy: str = "") -> None:
        super().__init__(*args)
        self.remedy = remedy


class DeadlineExpired(Inconclusive):
    """The awaited event didn't come in time, and nothing in the record says that it can't."""


class Unobservable(Inconclusive):
    """This deployment can't show, or can't do, what a check needs."""


class Refuted(HarnessError, AssertionError):
    """The record proves that the stack is wrong: the verdict is fail."""


class ExpectationFailed(Refuted):
    """What was expected can't come any more, or what must not be was."""


class CheckFailed(Refuted):
    """A check judged the history and said fail."""
