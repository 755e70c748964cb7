"""The mock providers of a deployment: their accounts, their configuration, and the stack's side of it."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from harness.deploy.driver import bearer
from harness.deploy.output import Output
from harness.deploy.processes import Process
from harness.errors import DeployError
from harness.profile import Webhooks
from harness.tls import tls

SENDGRID_ACCOUNT = "harness"


def hosts_in(*settings: Mapping[str, str]) -> set[str]:
    """The hosts of the http URLs among a stack's settings: it may have its callbacks sent there."""
    found = set()
    for value in (value for given in settings for value in given.values()):
        try:
            parts = urlsplit(value)
            host = parts.hostname if parts.scheme in ("http", "https") else None
        except ValueError:
            continue
        if host and host.isascii() and set(host).isdisjoint("{}@/\\?# \t*"):
            found.add(host)
    return found


class Mocks:
    """One mock-providers server with one Twilio and one SendGrid account, with credentials made for this run."""

    def __init__(self, *, token: str | None = None) -> None:
        self.url = ""
        self.token = token
        """Guards the control plane where others than this machine could reach it."""
        self.twilio_account = "AC" + secrets.token_hex(16)
        self.sendgrid_account = SENDGRID_ACCOUNT
        self._twilio_token = secrets.token_hex(16)
        self._sendgrid_key = f"SG.{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}"
        self._parse_token = secrets.token_urlsafe(18)
        self._webhook_key = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        return self._twilio_token, self._sendgrid_key, self._parse_token, *([self.token] if self.token else [])

    def configuration(self, *, api: str, webhooks: Webhooks, called: Iterable[str] = ()) -> str:
        """The text of the configuration file; `api` is where the mocks reach the stack.

        `called` are hosts that the stack may name in its callback URLs, besides loopback and that of `api`.
        """
        sendgrid = f"{api}{webhooks.email.path}"
        return (
            (f'[server]\ntoken = "{self.token}"\n' if self.token else "[server]\n")
            + f"webhook_hosts = {json.dumps(sorted(called))}\n\n"
            + f'[[twilio]]\naccount_sid = "{self.twilio_account}"\nauth_token = "{self._twilio_token}"\n'
            # which services and templates an account has is the stack's affair: nobody here was told of them
            f"any_service = true\nany_content = true\n"
            f'lifecycle = "manual"\ninbound_url = "{api}{webhooks.sms.path}"\n\n'
            f'[[sendgrid]]\nname = "{SENDGRID_ACCOUNT}"\napi_key = "{self._sendgrid_key}"\nlifecycle = "manual"\n'
            f'event_webhook_url = "{sendgrid}"\ninbound_url = "{sendgrid}?token={self._parse_token}"\n'
        )

    def configure(
        self, directory: Path, *, api: str, webhooks: Webhooks, called: Iterable[str] = ()
    ) -> tuple[Path, Path]:
        """Writes the configuration (it holds secrets, so it isn't on the command line) and clears the announcement."""
        config = directory / "mocks.toml"
        config.touch(mode=0o600)
        config.write_text(self.configuration(api=api, webhooks=webhooks, called=called), encoding="utf-8")
        announce = directory / "mocks.json"
        announce.unlink(missing_ok=True)
        return config, announce

    @staticmethod
    def command(config: Path, announce: Path, *, journal: Path) -> list[str]:
        options = ["--host", "127.0.0.1", "--port", "0", "--announce", str(announce), "--journal", str(journal)]
        return [sys.executable, "-m", "mock_providers", "serve", *options, "--config", str(config)]

    async def ready(self, announce: Path, process: Process, *, output: Output) -> None:
        """Waits until the server has announced its address; raises DeployError when it ended instead."""
        port = await asyncio.to_thread(self._announced, announce, process)
        if port is None:
            await output.drain_one(process)
            raise DeployError(f"the mock providers {output.end_of(process, when=' at their start')}")
        await self.meet(f"http://127.0.0.1:{port}")

    async def meet(self, url: str) -> None:
        """Takes note of where a running server is, and of the key by which its webhooks are checked."""
        self.url = url
        headers = bearer(self.token)
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, verify=tls(url)) as client:
            answer = await client.get("/_mock/accounts")
        accounts = answer.raise_for_status().json()["accounts"]
        mine = next(a for a in accounts if a["provider"] == "sendgrid" and a["account"] == SENDGRID_ACCOUNT)
        self._webhook_key = mine["webhook_public_key"]

    @staticmethod
    def _announced(announce: Path, process: Process) -> int | None:
        while not announce.exists():
            # a file announces its coming to nobody, so the look is repeated; a death ends it at once
            if process.ended.wait(0.005):
                return None
        return int(json.loads(announce.read_text(encoding="utf-8"))["port"])

    def environment(self, *, url: str | None = None) -> dict[str, str]:
        """The stack's settings for its providers; `url` is where the stack reaches them, if not as we do."""
        return {
            "TWILIO_BASE_URL": url or self.url,
            "TWILIO_ACCOUNT_SID": self.twilio_account,
            "TWILIO_AUTH_TOKEN": self._twilio_token,
            "SENDGRID_BASE_URL": url or self.url,
            "SENDGRID_API_KEY": self._sendgrid_key,
            "SENDGRID_WEBHOOK_PUBLIC_KEY": self._webhook_key,
            "INBOUND_PARSE_TOKEN": self._parse_token,
        }
