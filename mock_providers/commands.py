"""The commands that speak to a running server: calls, wait, fault, export, replay, reset."""

from __future__ import annotations

import json
import os
import sys
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
    """Print what was recorded: `calls to='+1555*' type=called`."""
    with _server(url) as server:
        for entry in _ask(lambda: server.calls(**_pairs(words))):
            print(json.dumps(entry))


def wait(
    words: Words = None,
    count: Annotated[int, typer.Option(help="How many entries to wait for.")] = 1,
    within: Annotated[float, typer.Option(help="Seconds.")] = 10.0,
    url: Url = DEFAULT_URL,
) -> None:
    """Wait for matching entries and print them: `wait to=+15552340001 text=hello`."""
    with _server(url) as server:
        for entry in _ask(lambda: server.wait(count=count, within=within, **_pairs(words))):
            print(json.dumps(entry))


def fault(words: Words = None, url: Url = DEFAULT_URL) -> None:
    """Set a fault: `fault to='+1555*' status=503 times=2`, or `fault '{"match": …}'`."""
    with _server(url) as server:
        print(json.dumps(_ask(lambda: server.request("POST", "/faults", json=parse_fault(words or [])))))


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
        made = _ask(lambda: server.request("POST", "/replay", params=params, content=record))
        print(f"{len(made['faults'])} faults set")


def reset(
    account: Annotated[str | None, typer.Argument(help="Account; all, if left out.")] = None, url: Url = DEFAULT_URL
) -> None:
    """Forget what an account, or everyone, did."""
    with _server(url) as server:
        print(json.dumps(_ask(lambda: server.request("POST", "/reset", json={"account": account} if account else {}))))


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


def _server(url: str) -> MockProviders:
    from mock_providers.client import MockProviders

    return MockProviders(url, token=os.environ.get("MOCK_PROVIDERS_TOKEN"))


def _ask(question: Any) -> Any:
    import httpx

    try:
        return question()
    except httpx.TransportError as error:
        raise MockProvidersError(f"the server can't be reached: {error}; give its address with --url") from None
