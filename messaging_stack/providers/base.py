"""What every provider's client is to the rest of the stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to be handed to a provider."""

    id: UUID
    type: str
    sender: str
    recipient: str
    body: str
    attachments: list[str]
    metadata: Mapping[str, Any]

    @classmethod
    def from_row(cls, row: Any) -> Outgoing:
        return cls(
            id=row["id"],
            type=row["message_type"],
            sender=row["from_address"],
            recipient=row["to_address"],
            body=row["body"],
            attachments=row["attachments"],
            metadata=row["metadata"],
        )


class Provider(Protocol):
    """Carries messages to their recipients."""

    title: str
    """Its name as people write it."""

    async def send(self, message: Outgoing) -> str | None:
        """Hands the message over; returns the provider's id for it, or None when it accepted but named none.

        Raises TransientDeliveryError when another attempt may succeed, PermanentDeliveryError when none will.
        """
        ...
