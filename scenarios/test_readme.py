"""The scenario that the README shows, word for word."""

from __future__ import annotations

import pytest

from harness import Stack, accepted, acknowledged, provider_called, queued, sms, status

pytestmark = [pytest.mark.check("asynchronous"), pytest.mark.needs("sms")]


def test_the_api_does_not_wait_for_the_worker(stack: Stack) -> None:
    with stack.worker.held():
        flow = stack.send(sms(body="hello"))
        flow.expect(accepted(), queued(), status("pending"))
        flow.expect_none(provider_called())
    flow.expect(provider_called(times=1), status("sent"), acknowledged())
