"""The API: stores a message, puts its id on the stream, answers."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import redis.asyncio as redis
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from orders.schema import STREAM


@contextlib.asynccontextmanager
async def connected(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1) as database:
        app.state.database = database
        app.state.queue = redis.from_url(os.environ["REDIS_URL"])
        # what a crash kept from the stream: stored, accepted, and never queued
        for row in await database.fetch("SELECT id FROM outgoing_messages WHERE NOT queued"):
            await enqueue(app, row["id"])
        yield
        await app.state.queue.aclose()


async def enqueue(app: Starlette, message: Any) -> None:
    await app.state.queue.xadd(STREAM, {"data": json.dumps({"message_id": str(message)})})
    await app.state.database.execute("UPDATE outgoing_messages SET queued = true WHERE id = $1", message)


async def send(request: Request) -> JSONResponse:
    asked = await request.json()
    if asked.get("type") != "sms":
        return JSONResponse({"error": "texts only"}, status_code=422)
    message = await request.app.state.database.fetchval(
        "INSERT INTO outgoing_messages (sender, recipient, content) VALUES ($1, $2, $3) RETURNING id",
        asked["from"],
        asked["to"],
        asked["body"],
    )
    await enqueue(request.app, message)
    return JSONResponse({"id": str(message), "status": "new"}, status_code=202)


async def show(request: Request) -> JSONResponse:
    row = await request.app.state.database.fetchrow(
        "SELECT state FROM outgoing_messages WHERE id::text = $1", request.path_params["id"]
    )
    if row is None:
        return JSONResponse({"error": "no such message"}, status_code=404)
    return JSONResponse({"id": request.path_params["id"], "status": row["state"]})


async def ready(_: Request) -> JSONResponse:
    return JSONResponse({"ready": True})


def serve() -> None:
    """Serves until SIGTERM."""
    routes = [
        Route("/texts", send, methods=["POST"]),
        Route("/texts/{id}", show),
        Route("/healthz", ready),
    ]
    app = Starlette(routes=routes, lifespan=connected)
    uvicorn.run(app, host=os.environ["HOST"], port=int(os.environ["PORT"]), log_level="warning")
