"""The record as a whole: taking it away, and playing one again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mock_providers.clock import elapse
from mock_providers.control.answers import answer, bytes_of
from mock_providers.errors import ControlError
from mock_providers.journal import Filter
from mock_providers.journal.export import har, json_lines
from mock_providers.journal.replay import faults_from
from mock_providers.world import World

_FORMS = {"jsonl": (json_lines, "application/x-ndjson"), "har": (har, "application/json")}

PAUSE_EVERY = 200
"""Pieces between two moments for other requests."""


async def export(world: World, request: Request) -> Response:
    """What was recorded, as it is sent: the server doesn't put it together first."""
    name = request.query_params.get("format") or "jsonl"
    if name not in _FORMS:
        raise ControlError(f"format must be jsonl or har, saw {name[:40]!r}", hint="leave it out for jsonl")
    form, kind = _FORMS[name]
    selection = Filter.from_query(request.query_params)
    return StreamingResponse(_politely(form(_entries(world, selection))), media_type=kind)


async def replay(world: World, request: Request) -> Response:
    """Sets the faults that make the server answer as a record (JSON lines) says."""
    timing = request.query_params.get("timing") == "true"
    wanted = faults_from(await bytes_of(request), account=request.query_params.get("account") or None, timing=timing)
    return answer({"faults": [world.faults.add(fault).to_json() for fault in wanted]}, 201)


def _entries(world: World, selection: Filter) -> Iterator[dict[str, Any]]:
    until = world.journal.visible
    for seq, entry in world.journal.read(selection):
        if seq > until:
            return
        if entry is not None:
            yield entry


async def _politely(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for n, piece in enumerate(pieces):
        if n % PAUSE_EVERY == 0:
            await elapse(0)
        yield piece
