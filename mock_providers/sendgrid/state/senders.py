"""Verified senders: addresses that mail may come from once their owner has followed the link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MOST_SENDERS = 100
"""Senders an account may have, as at the vendor."""

LENGTHS = {
    "nickname": 100, "from_email": 256, "from_name": 256, "reply_to": 256, "reply_to_name": 256, "address": 100,
    "address2": 100, "state": 2, "city": 150, "zip": 10, "country": 100,
}  # fmt: skip
"""The members of a sender and how many characters each may have (the vendor's OpenAPI file)."""


class Sender:
    """One sender; `token` is what its verification link ends with."""

    __slots__ = ("id", "members", "token", "verified")

    def __init__(self, identity: int, members: dict[str, str], *, token: str) -> None:
        self.id = identity
        self.members = members
        self.token = token
        self.verified = False

    def to_json(self) -> dict[str, Any]:
        shown = {name: self.members.get(name, "") for name in LENGTHS}
        return {"id": self.id, **shown, "verified": self.verified, "locked": False}


class Senders:
    """The senders of one account, in the order they were made."""

    def __init__(self) -> None:
        self._by_id: dict[int, Sender] = {}
        self._last = 1000

    def __iter__(self) -> Iterator[Sender]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, members: dict[str, str], *, token: str) -> Sender:
        self._last += 1
        sender = self._by_id[self._last] = Sender(self._last, members, token=token)
        return sender

    def get(self, identity: int) -> Sender | None:
        return self._by_id.get(identity)

    def delete(self, sender: Sender) -> None:
        del self._by_id[sender.id]

    def of(self, address: str) -> Sender | None:
        """The sender with an address, in any case."""
        folded = address.lower()
        return next((one for one in self if one.members["from_email"].lower() == folded), None)

    def with_token(self, token: str) -> Sender | None:
        return next((one for one in self if one.token == token), None)
