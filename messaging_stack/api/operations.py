"""For those who run it: is it alive, is it ready, what is it doing."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from messaging_stack import metrics, queue
from messaging_stack.api.services import Services, services
from messaging_stack.store import outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable

router = APIRouter(tags=["operations"])

_DEADLINE_S = 1.0


@router.get("/health")
async def health() -> JSONResponse:
    """Answers while the process lives; looks at nothing else."""
    return JSONResponse({"status": "ok"})


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """200 if PostgreSQL and Redis answer within a second, else 503; says which doesn't."""
    found = services(request)
    database, redis = await asyncio.gather(_answers(found.pool.fetchval("SELECT 1")), _answers(found.redis.ping()))
    status = {"database": database, "redis": redis}
    good = all(answer == "ok" for answer in status.values())
    return JSONResponse({"status": "ready" if good else "not ready", **status}, 200 if good else 503)


@router.get("/metrics")
async def show_metrics(request: Request) -> Response:
    """Prometheus' text format. A gauge whose source doesn't answer is NaN."""
    await _measure(services(request))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _answers(question: Awaitable[Any]) -> str:
    try:
        await asyncio.wait_for(question, _DEADLINE_S)
    except Exception as error:  # reason: whatever it is, it is the answer
        return str(error) or type(error).__name__
    return "ok"


async def _measure(found: Services) -> None:
    try:
        metrics.OUTBOX_DEPTH.set(await asyncio.wait_for(outbox.depth(found.pool), _DEADLINE_S))
    except Exception:  # reason: metrics must be had when something is broken, above all
        metrics.OUTBOX_DEPTH.set(math.nan)
    for stream in (*queue.STREAMS, queue.DEAD_STREAM):
        try:
            length: float = await asyncio.wait_for(found.redis.xlen(stream), _DEADLINE_S)
        except Exception:  # reason: as above
            length = math.nan
        metrics.QUEUE_LENGTH.labels(stream).set(length)
    for stream in queue.STREAMS:
        try:
            pending = (await asyncio.wait_for(found.redis.xpending(stream, queue.GROUP), _DEADLINE_S))["pending"]
        except Exception:  # reason: as above; also where no worker has made the group yet
            pending = math.nan
        metrics.QUEUE_PENDING.labels(stream).set(pending)
