"""The mock Twilio and SendGrid that the stack calls."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.profile.base import Channel, KeyWrong, Section

HOST = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[1-9][0-9]{0,4})?$"


class Accounts(Section):
    """The stack's accounts on the mocks."""

    twilio: str | None = None
    """Attached only: the stack's account SID on that server."""
    sendgrid: str | None = None
    """Attached only: the `name` of the stack's SendGrid account there."""


class Providers(Section):
    """The mock Twilio and SendGrid that the stack calls."""

    observe: Literal["mock", "none"] = "mock"
    """`none`: the stack mocks its providers inside; checks that need a call are unknown."""
    url: str | None = None
    """Attached only: the `mock-providers` server that the stack calls."""
    accounts: Accounts = Accounts()
    """Attached only: the stack's accounts on that server: `{ twilio = "AC…", sendgrid = "app" }`."""
    token: str | None = None
    """Attached only: the token of that server's control plane, if it has one."""
    hosts: list[Annotated[str, Field(pattern=HOST)]] = []
    """Containers and compose only: names by which the stack reaches its providers, where no setting says their address:
    `["sms-gateway:8000"]`; without a port it is 80. Plain HTTP."""
    senders: dict[Channel, str] = {}
    """The stack's own sender by channel, where it doesn't take the message's: `{ sms = "+1…" }`, or a
    service's `MG…`."""

    @model_validator(mode="after")
    def _one_port(self) -> Self:
        ports = {host.partition(":")[2] or "80" for host in self.hosts}
        if len(ports) > 1:
            raise KeyWrong("hosts", f"the mocks listen on one port, and these are {' and '.join(sorted(ports))}")
        return self

    @property
    def names(self) -> list[str]:
        """The names of `hosts`, without a port."""
        return [host.partition(":")[0] for host in self.hosts]

    @property
    def port(self) -> int | None:
        """The port of `hosts`; None where none is named."""
        return int(self.hosts[0].partition(":")[2] or 80) if self.hosts else None
