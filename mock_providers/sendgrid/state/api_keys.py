"""The keys that were made over the API: a call with one is the account's, as far as the key's scopes go."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

MOST_KEYS = 100
"""Keys an account may have, as at the vendor."""

REMEMBERED = 10_000
"""Deleted keys an account remembers, so that an open server makes no account of one."""


class ApiKey:
    """A key: its secret is shown once, when it is made; `parent` is the account's own key."""

    __slots__ = ("id", "name", "parent", "scopes", "secret")

    def __init__(self, identity: str, secret: str, *, parent: str, name: str, scopes: tuple[str, ...]) -> None:
        """No `scopes` means everything."""
        self.id = identity
        self.secret = secret
        self.parent = parent
        self.name = name
        self.scopes = scopes

    def to_json(self) -> dict[str, Any]:
        return {"api_key_id": self.id, "name": self.name}


MadeKeys = dict[str, ApiKey | None]
"""The keys of all accounts of a server by their secret; None for one that was deleted."""


class ApiKeys:
    """The keys of one account, entered in the server's list."""

    def __init__(self, made: MadeKeys, *, parent: str, token: Callable[[int], str]) -> None:
        """`token` gives a new id of so many bytes."""
        self._parent = parent
        self._token = token
        self._made = made
        self._by_id: dict[str, ApiKey] = {}
        self._deleted: deque[str] = deque()

    def __iter__(self) -> Iterator[ApiKey]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, identity: str) -> ApiKey | None:
        return self._by_id.get(identity)

    def add(self, *, name: str, scopes: tuple[str, ...]) -> ApiKey:
        """A new key of the vendor's length (69 characters), which works at once."""
        identity = self._token(16)
        secret = f"SG.{identity}.{self._token(32)}"
        key = ApiKey(identity, secret, parent=self._parent, name=name, scopes=scopes)
        self._by_id[identity] = self._made[key.secret] = key
        return key

    def delete(self, key: ApiKey) -> None:
        del self._by_id[key.id]
        self._made[key.secret] = None
        self._deleted.append(key.secret)
        if len(self._deleted) > REMEMBERED:
            self._made.pop(self._deleted.popleft(), None)

    def clear(self) -> None:
        for key in list(self):
            self.delete(key)
