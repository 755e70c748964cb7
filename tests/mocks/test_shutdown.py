"""A server that is told to end ends at once, whoever still waits for it."""

from __future__ import annotations

import contextlib
import threading
import time

import httpx
from tenants import TwilioTenant, make_twilio, start_server


def test_followers_waits_gates_and_stalls_do_not_hold_it_up() -> None:
    server = start_server()
    with httpx.Client(base_url=server.url) as http:
        tenant = make_twilio(http)
        http.post("/_mock/gates", json={"match": {"text": "gated"}})
        http.post("/_mock/faults", json={"match": {"text": "stalled"}, "stall": True})
        http.post("/_mock/faults", json={"match": {"text": "late"}, "latency_s": 60})

        def call(text: str) -> None:
            quiet = contextlib.suppress(httpx.TransportError)
            with quiet, httpx.Client(base_url=server.url, timeout=30) as other:
                TwilioTenant(other, tenant.sid, tenant.token).create(Body=text)

        callers = [threading.Thread(target=call, args=(text,)) for text in ("gated", "stalled", "late")]
        for caller in callers:
            caller.start()
        http.get("/_mock/wait", params={"type": "called", "account": tenant.sid, "count": 3, "within": 10})
        waiting = threading.Thread(target=wait_for_nothing, args=(server.url,))
        waiting.start()
        with http.stream("GET", "/_mock/follow") as stream:
            assert next(stream.iter_lines()) == ": following"
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 4
        for caller in [*callers, waiting]:
            caller.join(10)


def wait_for_nothing(url: str) -> None:
    with contextlib.suppress(httpx.TransportError):
        httpx.get(f"{url}/_mock/wait", params={"text": "never", "within": 60}, timeout=30)
