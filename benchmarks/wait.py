"""How long from an event to the test that waits for it, beside polling; and what the wire costs a Redis command.

`make bench-wait`. All variants see the same provider calls, received by the same mock, in the same run.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import redis
from rich.console import Console
from rich.table import Table

from harness.deploy.ports import Ports
from harness.history import key
from harness.profile import load
from harness.scenario.messages import sms
from harness.scenario.stack import Stack
from harness.session import Options, deployed

ROUNDS = 60
SLOW_ROUNDS = 6
COMMANDS = 3000
WARM_UP = 200
MOST_WAKE_MS = 3.0
MOST_WIRE_MS = 0.15


def main() -> None:
    """Prints both tables; exit code 1 when a goal is missed."""
    console = Console(highlight=False)
    with deployed(load(Path("harness.toml")), Options(build=Path("build/bench-wait"))) as stack:
        wakes = measure_waits(stack)
        direct, through = measure_wire(stack)
    show_waits(console, wakes)
    extra = show_wire(console, direct, through)
    wake = statistics.median(wakes["event"])
    good = wake <= MOST_WAKE_MS and extra <= MOST_WIRE_MS
    console.print(
        f"\ngoals: wake-up at most {MOST_WAKE_MS} ms, wire at most {MOST_WIRE_MS} ms: {'met' if good else 'missed'}"
    )
    sys.exit(0 if good else 1)


# from the receipt of a call to the wake-up


def measure_waits(stack: Stack) -> dict[str, list[float]]:
    """Milliseconds from the mock's receipt of a call to the return of the wait, by way of waiting."""
    return {
        "event": [one_wait(stack, wait_for_event) for _ in range(ROUNDS)],
        "poll, 100 ms": [one_wait(stack, polled(0.1)) for _ in range(ROUNDS // 2)],
        "poll, 1 s": [one_wait(stack, polled(1.0)) for _ in range(SLOW_ROUNDS)],
    }


Wait = Callable[[Stack, str, Callable[[], None]], None]
"""Waits for the call with a token; calls its last argument once it has begun to."""


def one_wait(stack: Stack, wait: Wait) -> float:
    """Sends one message in the background and waits for its provider call; the wait began before the call."""
    message = sms()
    woke: list[float] = []
    waiting = threading.Event()

    def waiter() -> None:
        wait(stack, message.token, waiting.set)
        woke.append(time.time())

    thread = threading.Thread(target=waiter)
    thread.start()
    waiting.wait()
    flow = stack.send(message)
    thread.join()
    stack.finished(flow)
    received = flow.now.calls[0].at
    return (woke[0] - received) * 1000


def wait_for_event(stack: Stack, token: str, began: Callable[[], None]) -> None:
    name = key("token", token)
    began()
    stack.history.wait_for(lambda e: e.kind == "provider.called" and name in e.keys, within=10)


def polled(period: float) -> Wait:
    """Asks the mock for the call again and again, as scripts do."""

    def wait(stack: Stack, token: str, began: Callable[[], None]) -> None:
        url = f"{stack.driver.addresses.mocks}/_mock/calls"
        with httpx.Client(trust_env=False) as client:
            while not client.get(url, params={"text": token, "type": "called"}).json()["entries"]:
                began()
                time.sleep(period)  # reason: it is what is measured

    return wait


def show_waits(console: Console, wakes: dict[str, list[float]]) -> None:
    table = Table(title="provider call received → the waiting test goes on (ms)", title_justify="left", show_edge=False)
    for name in ("way", "median", "p90", "max", "against event", "rounds"):
        table.add_column(name, justify="left" if name == "way" else "right")
    base = statistics.median(wakes["event"])
    for way, values in wakes.items():
        ordered = sorted(values)
        middle = statistics.median(ordered)
        p90 = ordered[int(len(ordered) * 0.9)]
        row = (f"{middle:.2f}", f"{p90:.2f}", f"{ordered[-1]:.2f}", f"{middle / base:.0f} x", str(len(values)))
        table.add_row(way, *row)
    console.print(table)


# what the wire adds


def measure_wire(stack: Stack) -> tuple[list[float], list[float]]:
    """Milliseconds of an XADD, direct and through a wire of its own, taken in turns."""
    redis_url = str(stack.driver.addresses.redis)
    port = wire_port(stack, urlsplit(redis_url).port or 6379)
    samples: tuple[list[float], list[float]] = ([], [])
    with redis.Redis.from_url(redis_url) as direct, redis.Redis(host="127.0.0.1", port=port) as through:
        for number in range(COMMANDS + WARM_UP):
            for client, kept in zip((direct, through), samples, strict=True):
                began = time.perf_counter()
                client.xadd("bench", {"data": '{"message_id": "x", "retry_count": 0}'}, maxlen=100)
                if number >= WARM_UP:
                    kept.append((time.perf_counter() - began) * 1000)
    return samples


def wire_port(stack: Stack, upstream: int) -> int:
    """A new port of the stack's own wire that leads to its Redis; it ends with the stack."""
    port = Ports().free()
    ask = stack.wire_control().ask(
        "listen", process="bench", host="127.0.0.1", port=port, upstream=["127.0.0.1", upstream]
    )
    stack.loop.run(ask)
    return port


def show_wire(console: Console, direct: list[float], through: list[float]) -> float:
    table = Table(title="\none XADD after another (ms)", title_justify="left", show_edge=False)
    for name in ("way", "median", "p90", "p99"):
        table.add_column(name, justify="left" if name == "way" else "right")
    for way, values in (("direct", direct), ("through the wire", through)):
        ordered = sorted(values)
        cells = (ordered[int(len(ordered) * share)] for share in (0.5, 0.9, 0.99))
        table.add_row(way, *(f"{cell:.3f}" for cell in cells))
    console.print(table)
    extra = statistics.median(through) - statistics.median(direct)
    console.print(f"the wire adds {extra:.3f} ms at the median")
    return extra


if __name__ == "__main__":
    main()
