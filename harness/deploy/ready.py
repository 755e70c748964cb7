"""Waiting for what announces its readiness to nobody: the look is repeated, and a death ends it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import httpx

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

        async def look() -> str | None:
            try:
                answer = await client.get(url)
            except httpx.HTTPError:
                return "it refused every connection"
            if answer.is_success:
                return None
            return f"GET {answer.url.path} answered {answer.status_code}: {answer.text[:200]}{advice}"

        await probed(process, look, name=name, output=output, within=within, history=history)


async def answering_api(
    process: Process, profile: Profile, *, url: str, output: Output, history: History | None = None
) -> None:
    """Returns when the stack's API at `url` says that it is ready; raises DeployError as `probed` does."""
    await answering(
        process,
        f"{url}{profile.api.ready}",
        name="the API",
        output=output,
        within=profile.deploy.start_within,
        history=history,
        advice=PATH_OF_API,
        headers=profile.api.headers,
    )
