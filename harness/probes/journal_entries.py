"""What the entries of the mocks' journal say: which are this stack's, and the event that each stands for."""

from __future__ import annotations

import json
from typing import Any

from harness.history import History, key
from harness.history.flow import INBOUND, SENDS
from harness.probes.probe import by_token, gap, token_in
from harness.retry_after import at, number

Entry = dict[str, Any]

SOURCE = "providers"
CALLS = ("provider.called", "provider.answered")
CALLBACKS = ("callback.sent", "callback.answered")
KINDS = {"called": CALLS[0], "answered": CALLS[1], **{kind: kind for kind in CALLBACKS}}
"""The event that each type of entry stands for; entries of other types stand for none."""

CALLED = ("method", "path", "endpoint", "to", "from", "peer", "params", "headers")
CALLBACK = ("url", "status", "error", "to", "from", "text", "params", "message", "elapsed_ms", "at_once", "report")


class Entries:
    """Turns entries into events, those of this stack's `accounts`; None takes all.

    What an entry lacks, its event lacks.
    """

    def __init__(self, history: History, *, accounts: frozenset[str] | None = None) -> None:
        self._history = history
        self._accounts = accounts
        self._sends: set[str] = set()
        """The calls in flight that send something."""
        self._nameless: set[str] = set()
        """The calls in flight whose credentials belong to no account, and that are about a message of ours."""
        self._batches: dict[str, list[str]] = {}
        """The batches of reports in flight, with the messages of ours that each is about."""
        self._told = False
        self._misnamed: set[str] = set()

    def record(self, entry: Entry) -> None:
        """Appends the event that an entry stands for, if it is one of this stack's."""
        kind = KINDS.get(str(entry.get("type")))
        if kind is None:
            return
        call = f"{entry.get('provider')}/{entry.get('call')}"
        if self._is_ours(kind, call, entry):
            parts = self._parts(kind, call, entry)
            for part in parts:
                # a batch is one call about several messages, which it doesn't make one
                self._append(kind, call, part, about=str(part.get("message")) if part is not entry else "")

    def _parts(self, kind: str, call: str, entry: Entry) -> list[Entry]:
        """An entry as the messages see it that it is about: a batch of reports is one for each of them.

        Only those that are known are told apart: a batch may be about thousands of others'.
        """
        if kind == "callback.answered":
            return [{**entry, "message": name} for name in self._batches.pop(call, [])] or [entry]
        reports, params = entry.get("reports"), entry.get("params")
        if kind != "callback.sent" or not isinstance(reports, list) or entry.get("message"):
            return [entry]
        names = dict.fromkeys(str(name) for name, _ in reports if name)
        known = [name for name in names if self._history.flow(key("provider", name))]
        if not known:
            return [entry]
        self._batches[call] = known
        params = params if isinstance(params, list) and len(params) == len(reports) else None
        parts = []
        for name in known:
            own = [place for place, (its, _) in enumerate(reports) if its == name]
            told = [reports[place] for place in own]
            part = {**entry, "message": name, "reports": told, "report": told[-1][1]}
            parts.append({**part, "params": [params[place] for place in own]} if params is not None else part)
        return parts

    def _is_ours(self, kind: str, call: str, entry: Entry) -> bool:
        account = entry.get("account")
        if self._accounts is None or str(account) in self._accounts:
            return True
        if account is not None:
            if kind == "provider.called":
                self._foreign(entry)
            return False
        if kind != "provider.called":
            return call in self._nameless
        token = _token(entry)
        if token is not None and self._history.flow(key("token", token)):
            self._nameless.add(call)
            return True
        if not self._told:
            self._told = True
            gap(
                self._history,
                SOURCE,
                f"{entry.get('method')} {entry.get('path')} came with credentials of no account that the mocks know "
                "(`account` is null in their journal), so nobody can tell whether this stack or another made it",
                kinds=CALLS,
                lasting=True,
                remedy="the stack's credentials must be those of [providers] accounts",
            )
        return False

    def _foreign(self, entry: Entry) -> None:
        """A call in another's account is another's, unless it carries a message of ours: then the profile is wrong."""
        token, account = _token(entry), str(entry.get("account"))
        if account in self._misnamed or token is None or not self._history.flow(key("token", token)):
            return
        self._misnamed.add(account)
        provider = "twilio" if entry.get("provider") == "twilio" else "sendgrid"
        gap(
            self._history,
            SOURCE,
            f"{entry.get('method')} {entry.get('path')} carried a message of this run in the {provider} account "
            f"{account!r}, which [providers] doesn't name; the calls of that account aren't recorded",
            kinds=CALLS,
            lasting=True,
            remedy=f'[providers] accounts = {{ {provider} = "{account}" }}',
        )

    def _append(self, kind: str, call: str, entry: Entry, *, about: str) -> None:
        data: dict[str, Any] = {
            "provider": entry.get("provider"),
            "account": entry.get("account"),
            "call": call,
            "journal": entry.get("seq"),
        }
        keys = [f"call:{call}/{about}" if about else f"call:{call}"]
        message, token = entry.get("message"), None
        match kind:
            case "provider.called":
                if entry.get("endpoint") in SENDS:
                    self._sends.add(call)
                data |= {name: entry.get(name) for name in CALLED} | {"text": entry.get("text") or ""}
                token = _token(entry)
            case "provider.answered":
                data |= {name: entry.get(name) for name in ("status", "message", "error", "outcome", "elapsed_ms")}
                data |= _wait(entry)
                # what the provider did, whatever the stack got to hear of it (accept-then-fail)
                data["accepted"] = bool(message) and call in self._sends
                self._sends.discard(call)
                self._nameless.discard(call)
            case _:
                data |= {name: entry[name] for name in CALLBACK if name in entry} | {"what": entry.get("kind")}
                if entry.get("reports"):
                    data["reports"] = [word for _, word in entry["reports"]]
                token = token_in(str(entry.get("text") or ""))
        if message and kind != "provider.called":
            keys.append(key("provider", message))
        if token:
            keys.append(by_token(self._history, token, reply=data.get("what") in INBOUND))
        self._history.append(kind, source=SOURCE, at=_time(entry.get("at")), data=data, keys=keys)


def _token(entry: Entry) -> str | None:
    """The mark of one of our messages in a call, wherever in it."""
    return token_in(str(entry.get("text") or "")) or token_in(json.dumps(entry.get("params") or {}))


def _wait(entry: Entry) -> dict[str, Any]:
    """What an answer asks to wait, in its words and in seconds from then on."""
    words, answered = entry.get("retry_after"), _time(entry.get("at"))
    if not isinstance(words, str) or answered is None:
        return {}
    seconds, then = number(words), at(words)
    if seconds is None and then is not None:
        seconds = then - answered
    return {"retry_after": words, **({} if seconds is None else {"wait_s": max(0.0, seconds)})}


def _time(given: object) -> float | None:
    return float(given) if isinstance(given, int | float) else None
