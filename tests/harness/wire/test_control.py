"""The harness's end of the wire's control socket."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from harness.probes.wire import WireControl


async def asked_and_given_up() -> tuple[object, list[str]]:
    """What the second question is answered, where whoever asked the first gave up before its answer came."""
    ours, theirs = socket.socketpair()
    deaths: list[str] = []
    control = WireControl(ours, on_said=lambda _: None, on_death=deaths.append)
    await control.start()
    reader, writer = await asyncio.open_connection(sock=theirs)
    try:
        first = asyncio.create_task(control.ask("settle"))
        given_up = json.loads(await reader.readline())
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(control.ask("settle"))
        asked = json.loads(await reader.readline())
        for question in (given_up, asked):
            writer.write(json.dumps({"id": question["id"]}).encode() + b"\n")
        return await second, deaths
    finally:
        await control.stop()
        writer.close()


def test_an_answer_that_nobody_waits_for_any_more_is_no_death() -> None:
    assert asyncio.run(asked_and_given_up()) == ({"id": 2}, [])
