"""What both clients say to a server, and how they read its answers."""

from __future__ import annotations

import json
import secrets
import ssl
import warnings
from typing import Any

import httpx

from mock_providers.errors import NotSeenError, RefusedError

Entry = dict[str, Any]

DEADLINE_S = 10.0
PAGE = 1000
"""Entries that are asked for at a time."""
RECONNECT_S = 0.05
"""Seconds between two attempts to reach a server that is (re)starting."""


def tls(url: str) -> ssl.SSLContext:
    """What a client of `url` verifies with; the authorities, 40 ms of reading, are read only where it needs them."""
    if url.lower().startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
    return httpx.create_ssl_context()


def new_twilio(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a new Twilio account, with credentials made up where none are given."""
    made = {"account_sid": f"AC{secrets.token_hex(16)}", "auth_token": secrets.token_hex(16)}
    return {"provider": "twilio", **made, **settings}


def new_sendgrid(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a new SendGrid account, with a key made up where none is given."""
    made = {"api_key": f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}"}
    return {"provider": "sendgrid", **made, **settings}


def query(selection: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in selection.items() if value is not None}


class Pages:
    """Turns the pages of `/calls`: the query of the next one, and what to take of each.

    It ends with what was recorded when the first page was asked for, so that a busy server doesn't keep it for ever.
    """

    def __init__(self, *, limit: int | None, selection: dict[str, Any]) -> None:
        self._query = query(selection)
        self._cursor = "before" if selection.get("order") == "desc" else "after"
        self._left = limit
        self._last: int | None = None
        self.done = limit == 0

    @property
    def query(self) -> dict[str, Any]:
        return {**self._query, "limit": PAGE if self._left is None else min(PAGE, self._left)}

    def take(self, page: dict[str, Any]) -> list[Entry]:
        if self._last is None:
            self._last = page["seq"]
        entries: list[Entry] = [entry for entry in page["entries"] if entry["seq"] <= self._last]
        if self._left is not None:
            self._left -= len(entries)
        self._query[self._cursor] = page["next"]
        self.done = page["next"] is None or self._left == 0 or len(entries) < len(page["entries"])
        return entries


def read(response: httpx.Response) -> Any:
    """The JSON of an answer; raises RefusedError with the server's words and hint, or if it is no server of ours."""
    words = "this isn't the answer of mock-providers; is the address right?"
    try:
        answer = response.json()
        if response.is_success:
            return answer
        words = f"{answer['error']} ({answer['hint']})" if answer.get("hint") else answer["error"]
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise RefusedError(f"{response.request.method} {response.request.url.path}: {response.status_code}: {words}")


def seen(result: dict[str, Any], *, count: int, within: float, selection: dict[str, Any]) -> list[Entry]:
    """The entries of a wait; raises NotSeenError with the nearest misses if there are too few."""
    if result["met"]:
        entries: list[Entry] = result["entries"]
        return entries
    wanted = ", ".join(f"{name}={value!r}" for name, value in query(selection).items()) or "anything"
    lines = [f"saw {len(result['entries'])} of {count} within {within:g} s: {wanted}"]
    for miss in result["nearest"]:
        entry = miss["entry"]
        lines.append(f"  near: #{entry['seq']} {entry['type']} {entry.get('endpoint') or entry.get('kind')}")
        lines += [
            f"    {name}: wanted {one['wanted']!r}, saw {one['saw']!r}" for name, one in miss["difference"].items()
        ]
    if not result["nearest"]:
        lines.append("  nothing at all was recorded")
    raise NotSeenError("\n".join(lines), result=result)


class UnhitFaultWarning(UserWarning):
    """A fault was set and nothing met it: the test shows less than it seems to."""


def warn_if_unhit(fault: dict[str, Any]) -> None:
    if not fault["hits"]:
        warnings.warn(f"no call met {fault['id']}, which was for {fault['match']}", UnhitFaultWarning, stacklevel=4)


def event_data(line: str) -> Entry | None:
    """The entry of one line of the event stream, if it carries one."""
    if not line.startswith("data: "):
        return None
    entry: Entry = json.loads(line[6:])
    return entry
