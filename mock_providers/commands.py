"""The commands that speak to a running server: calls, wait, fault, export, replay, reset."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mock_providers.errors import ConfigError, MockProvidersError

if TYPE_CHECKING:
    from mock_providers.client import MockProviders

Url = Annotated[str, typer.Option(envvar="MOCK_PROVIDERS_URL", help="The server.")]
Words = Annotated[list[str] | None, typer.Argument(help="name=value …")]

DEFAULT_URL = "http://127.0.0.1:4010"
MATCH = ("provider", "account", "endpoint", "to", "text")


def add_commands(app: typer.Typer) -> None:
    for command in (calls, wait, fault, export, replay, reset):
        app.command()(command)


def calls(words: Words = None, url: Url = DEFAULT_URL) -> None:
    """Print all that was recorded: `calls to='+1555*' type=called`, `calls search='ada 400'`, `calls failed=true`."""
    selection = _pairs(words)
    limit = _limit(selection.pop("limit", None))
    with _server(url) as server:
        for entry in server.all_calls(limit=limit, **selection):
            print(json.dumps(entry))


def wait(
    words: Words = None,
    count: Annotated[int, typer.Option(help="How many entries to wait for.")] = 1,
    within: Annotated[float, typer.Option(help="Seconds.")] = 10.0,
    url: Url = DEFAULT_URL,
) -> None:
    """Wait for matching entries and print them: `wait to=+15552340001 text=hello`."""
    with _server(url) as server:
        for entry in server.wait(count=count, within=within, **_pairs(words)):
            print(json.dumps(entry))


def fault(words: Words = None, url: Url = DEFAULT_URL) -> None:
    """Set a fault: `fault to='+1555*' status=503 times=2`, or `fault '{"match": …}'`."""
    with _server(url) as server:
        print(json.dumps(server.request("POST", "/faults", json=parse_fault(words or []))))


def export(
    words: Words = None,
    form: Annotated[str, typer.Option("--format", help="jsonl or har")] = "jsonl",
    url: Url = DEFAULT_URL,
) -> None:
    """Write the record to standard output."""
    with (
        _server(url) as server,
        server.http.stream("GET", "/_mock/export", params={"format": form, **_pairs(words)}) as got,
    ):
        if not got.is_success:
            got.read()
            raise MockProvidersError(got.text)
        for piece in got.iter_bytes():
            sys.stdout.buffer.write(piece)


def replay(
    file: Annotated[Path, typer.Argument(help="A record that was exported as jsonl.")],
    account: Annotated[str | None, typer.Option(help="The account that is to answer so.")] = None,
    timing: Annotated[bool, typer.Option(help="Take as long as then.")] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Make the server answer as a record says."""
    try:
        record = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: can't be read: {error.strerror}") from None
    params = {"timing": str(timing).lower()} | ({"account": account} if account else {})
    with _server(url) as server:
        made = server.request("POST", "/replay", params=params, content=record)
        print(f"{len(made['faults'])} faults set")


def reset(
    account: Annotated[str | None, typer.Argument(help="Account; all, if left out.")] = None, url: Url = DEFAULT_URL
) -> None:
    """Forget what an account, or everyone, did."""
    with _server(url) as server:
        print(json.dumps(server.request("POST", "/reset", json={"account": account} if account else {})))


def parse_fault(words: list[str]) -> dict[str, Any]:
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


def _pairs(words: list[str] | None) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for word in words or []:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ConfigError(f"expected name=value, saw {word!r}")
        pairs[name] = value
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
        raise MockProvidersError(f"the server can't be reached: {error}; give its address with --url") from None
