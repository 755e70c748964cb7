"""Calls a second of the mocks, beside a bare ASGI app (the limit) and beside peers.

    python benchmarks/mock_providers [--seconds 1] [--rounds 12] [--peers] [--million]

Full validation and the durable journal are on. All servers run the whole time and take short turns, so that a
machine's slow minute is slow for all of them; what is printed are medians.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import psutil
from generator import Load, http_request, load
from peers import peer

from mock_providers.client import MockProviders

SID, TOKEN, KEY = "AC" + "0" * 31 + "1", "token", "SG.benchmark.key"
CONFIG = f"""
[[twilio]]
account_sid = "{SID}"
auth_token = "{TOKEN}"
[[sendgrid]]
api_key = "{KEY}"
"""
FORM = (
    b"To=%2B15552340001&From=%2B15552340002&StatusCallback="
    b"&Body=Your+parcel+is+on+its+way%2C+it+will+be+with+you+tomorrow+before+noon."
)
MAIL = {
    "personalizations": [{"to": [{"email": "to@example.com"}], "custom_args": {"order": "42"}}],
    "from": {"email": "from@example.com", "name": "Shop"},
    "subject": "Your parcel",
    "content": [{"type": "text/plain", "value": "It is on its way."}],
}
LIMIT = "bare ASGI app (the limit)"
PEERS = ("Mountebank, recording", "WireMock, templated", "Mockoon", "Prism", "pytest-httpserver")
CREATE = http_request(
    f"/2010-04-01/Accounts/{SID}/Messages.json",
    FORM,
    kind="application/x-www-form-urlencoded",
    authorization="Basic " + b64encode(f"{SID}:{TOKEN}".encode()).decode(),
)
SEND = http_request("/v3/mail/send", json.dumps(MAIL).encode(), kind="application/json", authorization=f"Bearer {KEY}")
PLAIN = http_request("/call", FORM, kind="application/x-www-form-urlencoded", authorization="Basic eA==")


@contextmanager
def bare() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "bare.py")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


@contextmanager
def mocks(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    config = folder / "mocks.toml"
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "mock_providers", "serve", "--port", "0", "--announce", "-"]
    options = ["--config", str(config), "--journal", str(folder / "journal.jsonl")]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["port"], psutil.Process(process.pid)
        process.kill()


def set_fault(port: int) -> None:
    """One fault for calls that don't come, as a test beside the load would have it."""
    with MockProviders(f"http://127.0.0.1:{port}") as server:
        server.request("POST", "/faults", json={"match": {"to": "+1999*"}, "latency_s": 1, "status": 503})


def show(name: str, runs: list[Load], limit: float) -> None:
    rate = median(run.rate for run in runs)
    p50, p99 = median(run.p50_ms for run in runs), median(run.p99_ms for run in runs)
    refused = sum(run.refused for run in runs)
    note = f"  {refused} refused!" if refused else ""
    print(f"{name:<28} {rate:>9,.0f} {rate / limit:>8.2f} {p50:>8.2f} {p99:>8.2f}{note}", flush=True)


def side_by_side(seconds: float, rounds: int, names: tuple[str, ...]) -> None:
    missing: dict[str, str] = {}
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        limit = running.enter_context(bare())
        port, _ = running.enter_context(mocks(folder))
        other = Path(running.enter_context(tempfile.TemporaryDirectory()))
        faulty, _ = running.enter_context(mocks(other))
        set_fault(faulty)
        servers = {
            LIMIT: (limit, PLAIN),
            "Twilio create": (port, CREATE),
            "SendGrid send": (port, SEND),
            "Twilio create, one fault set": (faulty, CREATE),
        }
        for name in names:
            try:
                servers[name] = (running.enter_context(peer(name)), PLAIN)
            except (RuntimeError, OSError) as problem:
                missing[name] = str(problem)
        runs: dict[str, list[Load]] = {name: [] for name in servers}
        for turn in range(rounds + 1):
            for name, (where, request) in servers.items():
                run = load("127.0.0.1", where, request, seconds=seconds)
                if turn:  # the first only warms up: some compile what they run
                    runs[name].append(run)
    best = median(run.rate for run in runs[LIMIT])
    print(f"{'32 connections':<28} {'calls/s':>9} {'of bare':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for name, found in runs.items():
        show(name, found, best)
    for name, problem in missing.items():
        print(f"{name:<28} not measured: {problem}")


def as_the_record_grows(step: int, until: int, *, seconds: float, rounds: int) -> None:
    """The rate while the record grows, and then beside that of a server whose record is short, taking turns."""
    print(
        f"\n{'calls recorded':<28} {'calls/s':>9} {'CPU us':>8} {'of first':>8} {'p50 ms':>8} {'p99 ms':>8} {'MB':>6}"
    )
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        port, process = running.enter_context(mocks(folder))
        load("127.0.0.1", port, CREATE, calls=1000)
        done, first = 1000, 0.0
        while done < until:
            before = process.cpu_times()
            run = load("127.0.0.1", port, CREATE, calls=min(step, until - done))
            after = process.cpu_times()
            cost = (after.user + after.system - before.user - before.system) / run.calls * 1e6
            first = first or cost
            memory = process.memory_info().rss / 1e6
            print(
                f"{f'{done:,} to {done + run.calls:,}':<28} {run.rate:>9,.0f} {cost:>8.1f} {cost / first:>8.2f} "
                f"{run.p50_ms:>8.2f} {run.p99_ms:>8.2f} {memory:>6,.0f}",
                flush=True,
            )
            done += run.calls
        runs: dict[str, list[Load]] = {f"from {1000:,}": [], f"from {done:,}": []}
        for turn in range(rounds):
            # a new one each time, or its record would soon be long too
            with tempfile.TemporaryDirectory() as other, mocks(Path(other)) as (short, _):
                load("127.0.0.1", short, CREATE, calls=1000)
                pairs = list(zip(runs.values(), (short, port), strict=True))
                for found, where in pairs if turn % 2 else reversed(pairs):
                    found.append(load("127.0.0.1", where, CREATE, seconds=seconds))
    print(f"\n{'calls recorded, in turns':<28} {'calls/s':>9} {'of short':>8} {'p50 ms':>8} {'p99 ms':>8}")
    for name, found in runs.items():
        show(name, found, median(run.rate for run in next(iter(runs.values()))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--peers", action="store_true", help="also the peers (from npm, into build/)")
    parser.add_argument("--million", action="store_true", help="also the rate up to a million recorded calls")
    options = parser.parse_args()
    side_by_side(options.seconds, options.rounds, PEERS if options.peers else ("pytest-httpserver",))
    if options.million:
        as_the_record_grows(100_000, 1_000_000, seconds=options.seconds, rounds=options.rounds)


if __name__ == "__main__":
    main()
