"""The commands that speak to a running server: calls, wait, fault, export, replay, reset."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_providers.errors import ConfigError, MockProvidersError

if TYPE_CHECKING:
    from mock_providers.client import MockProviders

DEFAULT_URL = "http://127.0.0.1:4010"
MATCH = ("provider", "account", "endpoint", "to", "text")
FILTERS = (*MATCH, "type", "message", "call", "since", "until", "search", "failed")
"""What selects entries; a name that the server doesn't know it leaves aside, and gives the whole record."""

JSON_LINES = {"Content-Type": "application/x-ndjson"}
"""A record says what it is: what doesn't changes nothing on the server."""

URL = click.option(
    "--url", envvar="MOCK_PROVIDERS_URL", show_envvar=True, default=DEFAULT_URL, show_default=True, help="The server."
)
WORDS = click.argument("words", nargs=-1, metavar="[NAME=VALUE]...")


@click.command()
@WORDS
@URL
def calls(words: Sequence[str], url: str) -> None:
    """Print all that was recorded.

    All that fits, an entry a line as JSON. Such as `calls to='+1555*' type=called`, `calls search='ada 400'`,
    `calls failed=true limit=20`.

    NAME is provider, account, endpoint, to (an address, or a glob), text (a part of the body), type (called, answered,
    callback.sent, …), message, call, since and until (Unix seconds), search (words of any case) or failed (true); of
    `calls` also limit, after, order (desc), before, answers (true).
    """
    selection = _selection(words, "limit", "after", "before", "order", "answers")
    limit = _limit(selection.pop("limit", None))
    with _server(url) as server:
        for entry in server.all_calls(limit=limit, **selection):
            print(json.dumps(entry))


@click.command()
@WORDS
@click.option("--count", type=int, default=1, show_default=True, help="How many entries to wait for.")
@click.option("--within", type=float, default=10.0, show_default=True, metavar="SECONDS", help="How long to wait.")
@URL
def wait(words: Sequence[str], count: int, within: float, url: str) -> None:
    """Wait for matching entries and print them.

    Those that are there already count, too. Such as `wait to=+15552340001 text=hello`. NAME is as for `calls`, or
    after. In vain: exit code 3, and what came nearest.
    """
    with _server(url) as server:
        for entry in server.wait(count=count, within=within, **_selection(words, "after")):
            print(json.dumps(entry))


@click.command()
@WORDS
@URL
def fault(words: Sequence[str], url: str) -> None:
    """Set a fault for calls or webhooks.

    Such as `fault to='+1555*' status=503 times=2`, `fault endpoint=webhook.status webhook.drop=true`, or as JSON:
    `fault '{"match": …}'`. NAME is provider, account, endpoint, to or text, for what the fault meets, and what it
    does. It is there until its times are used up or `reset` takes it away.
    """
    with _server(url) as server:
        print(json.dumps(server.request("POST", "/faults", json=parse_fault(words))))


@click.command()
@WORDS
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "har"]), default="jsonl", show_default=True, help="What is written."
)
@URL
def export(words: Sequence[str], form: str, url: str) -> None:
    """Write the record to standard output.

    As jsonl for `replay`, as har for what shows HTTP archives. NAME is as for `calls`.
    """
    from mock_providers.client.protocol import read

    with (
        _server(url) as server,
        server.http.stream("GET", "/_mock/export", params={"format": form, **_selection(words)}) as got,
    ):
        if not got.is_success:
            got.read()
            read(got)
        for piece in got.iter_bytes():
            sys.stdout.buffer.write(piece)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--account", help="The account that is to answer so; left out, any.")
@click.option("--timing", is_flag=True, help="Take as long as it took when it was recorded.")
@URL
def replay(file: Path, account: str | None, timing: bool, url: str) -> None:
    """Make the server answer as a record says.

    What failed then fails again, in the same turn; what succeeded is processed anew. FILE is one that `export`
    wrote as jsonl.
    """
    try:
        record = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: can't be read: {error.strerror}") from None
    params = {"timing": str(timing).lower()} | ({"account": account} if account else {})
    with _server(url) as server:
        made = server.request("POST", "/replay", params=params, content=record, headers=JSON_LINES)
        print(f"{len(made['faults'])} faults set")


@click.command()
@click.argument("account", required=False)
@URL
def reset(account: str | None, url: str) -> None:
    """Forget what an account, or everyone, did.

    Their faults are taken away, too. ACCOUNT is an account's SID, or the name of a SendGrid account. A journal's
    file keeps what it has.
    """
    with _server(url) as server:
        print(json.dumps(server.request("POST", "/reset", json={"account": account} if account else {})))


COMMANDS = (calls, wait, fault, export, replay, reset)


def parse_fault(words: Sequence[str]) -> dict[str, Any]:
    """A fault from `name=value` words; `webhook.drop=true` and the like go into `webhook`."""
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        try:
            whole: dict[str, Any] = json.loads(words[0])
        except ValueError as error:
            raise ConfigError(f"the fault is not JSON: {error}") from None
        return whole
    made: dict[str, Any] = {"match": {}}
    for name, value in _pairs(words).items():
        if name in MATCH:
            made["match"][name] = value
        elif name.startswith("webhook."):
            made.setdefault("webhook", {})[name.removeprefix("webhook.")] = _value(value)
        else:
            made[name] = _value(value)
    return made


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _pairs(words: Sequence[str]) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ConfigError(f"expected name=value, saw {word!r}")
        pairs[name] = value
    return pairs


def _selection(words: Sequence[str], *more: str) -> dict[str, Any]:
    """Which entries are meant; raises ConfigError for a name that selects none."""
    pairs = _pairs(words)
    for name in pairs:
        if name not in (*FILTERS, *more):
            raise ConfigError(f"{name!r} selects nothing; known are {', '.join((*FILTERS, *more))}")
    return pairs


def _limit(text: str | None) -> int | None:
    """How many entries to print at most; None is all."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 18 and int(text) > 0):
        raise ConfigError(f"limit must be a whole number from 1 on, saw {text!r}; leave it out to see all")
    return int(text)


@contextmanager
def _server(url: str) -> Iterator[MockProviders]:
    """The client of the server; one that can't be reached is told in one line."""
    import httpx

    from mock_providers.client import MockProviders

    try:
        with MockProviders(url, token=os.environ.get("MOCK_PROVIDERS_TOKEN")) as server:
            yield server
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise MockProvidersError(
            f"the server at {url} can't be reached: {error}; start it (`mock-providers serve`), or give its address "
            "with --url"
        ) from None
