"""The mock providers: which accounts they have, where they send webhooks, and which call carried a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from harness.discovery.draft import Draft
from harness.errors import DeployError
from harness.tls import tls

TIMEOUT: Final = 5.0
Say = Callable[[str], None]


class Asked:
    """A `mock-providers` server, asked through its control plane."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(
            base_url=self.url, timeout=TIMEOUT, trust_env=False, verify=tls(url), headers=headers
        )

    def accounts(self) -> list[dict[str, Any]]:
        """The accounts; raises DeployError where they can't be had."""
        found: list[dict[str, Any]] = self._get("/_mock/accounts")["accounts"]
        return found

    def seq(self) -> int:
        """The number of the journal's last entry."""
        return int(self._get("/_mock/health")["seq"])

    def calls(self, token: str, *, after: int) -> list[dict[str, Any]]:
        """What came in since, of the calls that carried a token: each call, and its answer behind it."""
        entries = self._get(f"/_mock/calls?after={after}&limit=10000")["entries"]
        carried = {
            (entry.get("provider"), entry.get("call"))
            for entry in entries
            if entry.get("type") == "called" and token in f"{entry.get('text')}{entry.get('params')}"
        }
        return [
            entry
            for entry in entries
            if entry.get("type") in ("called", "answered") and (entry.get("provider"), entry.get("call")) in carried
        ]

    def _get(self, path: str) -> dict[str, Any]:
        try:
            answer = self._client.get(path)
            if answer.status_code == 401:
                raise DeployError(f"the mocks at {self.url} want a token; write it as [providers] token")
            told: dict[str, Any] = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            why = str(error) or type(error).__name__
            raise DeployError(
                f"the mock providers at {self.url} can't be asked: {why}; start them with `mock-providers serve`, or "
                "mend --mocks"
            ) from error
        return told

    def close(self) -> None:
        self._client.close()


def look(asked: Asked, draft: Draft, *, api: str, say: Say) -> None:
    """Puts into the draft what the mocks know of the stack."""
    accounts = asked.accounts()
    say(f"the mocks have {len(accounts)} accounts: {', '.join(str(one['account']) for one in accounts[:6]) or 'none'}")
    for provider, kind in (("twilio", "sms"), ("sendgrid", "email")):
        own = [one for one in accounts if one.get("provider") == provider]
        if len(own) == 1:
            put_account(draft, provider, str(own[0]["account"]), f"the mocks' only {provider} account")
            put_webhook(draft, kind, own[0], api=api)
        elif own:
            names = ", ".join(str(one["account"]) for one in own[:4])
            draft.ask(("providers", "accounts", provider), str(own[0]["account"]), f"which of them it calls: {names}")


def put_account(draft: Draft, provider: str, name: str, why: str, *, seen: bool = False) -> None:
    draft.put(("providers", "accounts", provider), name, why, "seen" if seen else "likely")


def put_webhook(draft: Draft, kind: str, account: dict[str, Any], *, api: str) -> None:
    """Notes the path to which an account's webhooks go, where that leads to the API."""
    target = account.get("inbound_url") or account.get("event_webhook_url")
    if not isinstance(target, str):
        return
    parts = urlsplit(target)
    if parts[:2] == urlsplit(api)[:2]:
        draft.put(("webhooks", kind, "path"), parts.path, "the mocks send this account's webhooks there")
