"""Waiting for what announces its readiness to nobody: the look is repeated, and a death ends it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import httpx
import redis.asyncio

from harness.deploy.looks import asked, nobody_there
from harness.deploy.output import Output
from harness.deploy.processes import Process
from harness.errors import DeployError
from harness.history import History
from harness.origin import at_home
from harness.profile import Profile
from harness.tls import tls

Look = Callable[[], Awaitable[str | None]]
"""None when it is ready, else what was seen instead."""
BETWEEN = 0.03
"""Seconds between two looks: a look costs milliseconds of the processor that what starts would have."""
BEFORE_S = 0.5
"""How long before we began to look a consumer may have come, that was started just before."""
PATH_OF_API = "; [api] ready names the path that answers 2xx once the API can take messages"
"""What to do where the stack's API answers, but never that it is ready."""


async def probed(
    process: Process, look: Look, *, name: str, output: Output, within: float, history: History | None = None
) -> None:
    """Returns when `look` finds it ready; raises DeployError when it ended instead, or took too long.

    Raises what the history was ended with when a part that it needs has died.
    """
    deadline = asyncio.get_running_loop().time() + within
    while True:
        last = await look()
        if last is None:
            return
        if history is not None and history.over is not None and process.alive:
            raise history.over
        if await asyncio.to_thread(process.ended.wait, BETWEEN):
            await output.drain_one(process)
            raise DeployError(f"{name} {output.end_of(process, when=' at its start')}")
        if asyncio.get_running_loop().time() > deadline:
            raise DeployError(f"{name} was not ready within {within:g} s: {last}")


async def seen(look: Look, *, name: str, within: float) -> None:
    """As `probed`, of what isn't ours: nobody tells whether it lives."""
    deadline = asyncio.get_running_loop().time() + within
    while (last := await look()) is not None:
        if asyncio.get_running_loop().time() > deadline:
            raise DeployError(f"{name} was not ready within {within:g} s: {last}")
        await asyncio.sleep(BETWEEN)  # reason: what starts elsewhere announces its readiness to nobody


async def answering(
    process: Process,
    url: str,
    *,
    name: str,
    output: Output,
    within: float,
    history: History | None = None,
    advice: str = "",
    headers: Mapping[str, str] | None = None,
) -> None:
    """Returns when `url` answers 2xx; raises DeployError as `probed` does, which names the path that was asked."""
    async with httpx.AsyncClient(
        headers=headers, follow_redirects=True, event_hooks=at_home(url), timeout=2, trust_env=False, verify=tls(url)
    ) as client:
        await probed(
            process,
            partial(asked, client, url, advice=advice),
            name=name,
            output=output,
            within=within,
            history=history,
        )


async def answering_api(
    process: Process,
    profile: Profile,
    *,
    url: str,
    output: Output,
    history: History | None = None,
    name: str = "the API",
    path: str | None = None,
    within: float | None = None,
) -> None:
    """Returns when the stack's API at `url` says that it is ready; raises DeployError as `probed` does.

    `path` is asked instead of the profile's; it may be a whole URL, to which the API's headers aren't sent.
    """
    elsewhere = path is not None and "://" in path
    await answering(
        process,
        path if path is not None and elsewhere else f"{url}{profile.api.ready if path is None else path}",
        name=name,
        output=output,
        within=profile.deploy.start_within if within is None else within,
        history=history,
        advice=PATH_OF_API if path is None else "",
        headers=None if elsewhere else profile.api.headers,
    )


async def coming(
    process: Process, profile: Profile, *, url: str, output: Output, within: float, history: History | None = None
) -> None:
    """Returns when somebody has come to the queue since the call; raises DeployError as `probed` does."""
    began = asyncio.get_running_loop().time()
    async with redis.asyncio.Redis.from_url(url, socket_timeout=2) as client:

        async def look() -> str | None:
            since = asyncio.get_running_loop().time() - began + BEFORE_S
            try:
                return await nobody_there(client, profile.queue, since=since)
            except (redis.exceptions.RedisError, OSError) as error:
                return f"Redis answered: {error}"

        await probed(process, look, name=process.name, output=output, within=within, history=history)
