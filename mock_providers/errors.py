"""What can go wrong with the mock server itself (vendor errors are answers, not exceptions of ours).

MockProvidersError
├── ConfigError        the configuration says something it can't
├── JournalError       the journal can't be opened, read or written
│   └── NotPlainError  (own_files) its path leads to something that isn't a plain file of this user
├── ListenError        the address can't be listened on
├── ControlError       a control-plane request is refused, with a hint
├── RefusedError       (client) the server refused a request, and said why
└── NotSeenError       (client) what was waited for did not come; says what came nearest
"""

from __future__ import annotations

from typing import Any

from mock_providers.visible import visible


class MockProvidersError(Exception):
    """Base of everything this package raises."""

    def __str__(self) -> str:
        # what a client or a stack has said goes to terminals with it
        return visible(super().__str__())


class ConfigError(MockProvidersError):
    """The configuration says something it can't."""


class JournalError(MockProvidersError):
    """The journal can't be opened, read or written."""


class ListenError(MockProvidersError):
    """The address can't be listened on."""


class ControlError(MockProvidersError):
    """A control-plane request is refused: `status` is the HTTP status, `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "", status: int = 422) -> None:
        super().__init__(message)
        self.hint = hint
        self.status = status


class RefusedError(MockProvidersError):
    """The server refused a request of the client's."""


class NotSeenError(MockProvidersError, AssertionError):
    """What was waited for did not come in time; `result` has what came nearest, field by field."""

    def __init__(self, message: str, *, result: dict[str, Any]) -> None:
        super().__init__(message)
        self.result = result
