"""The traffic of a campaign: messages of every channel, replies and delivery reports, whatever goes wrong meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, Self

from harness.errors import HarnessError, Inconclusive
from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed
from harness.scenario.messages import message
from harness.scenario.replies import deliver_mail, deliver_text
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow

OPEN: Final = 48
"""Sends that wait for their answer at once, at most: those that hang in a fault must leave room for others."""
REPORTED: Final = 10
"""Of so many messages one is reported on, and one answered."""
DELIVERING: Final = 4
PATIENT_S: Final = 0.05


class Traffic:
    """Sends so many messages over so many seconds, more as long as it isn't told to end, and never fewer."""

    def __init__(self, stack: Stack, *, messages: int, seconds: float) -> None:
        self._stack = stack
        self._messages = messages
        self._every_s = seconds / messages
        self._ending = threading.Event()
        self._room = threading.Semaphore(OPEN)
        self._delivering = ThreadPoolExecutor(max_workers=DELIVERING, thread_name_prefix="harness-campaign")
        self._waiting: list[TrackedFlow] = []
        self._thread = threading.Thread(target=self._run, name="harness-traffic", daemon=True)
        self._given_up = False
        self.sent = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._given_up = error is not None
        self.end()

    def end(self) -> None:
        """Sends what is still to be sent, as fast as it is taken, and returns when all deliveries have ended."""
        self._ending.set()
        self._thread.join()
        self._delivering.shutdown(wait=True, cancel_futures=self._given_up)

    def _run(self) -> None:
        began = time.monotonic()
        channels = self._channels()
        for number in itertools.count():
            due = began + number * self._every_s
            ending = self._ending.wait(max(0.0, due - time.monotonic()))
            if self._given_up or self._stack.history.over is not None or (ending and number >= self._messages):
                return
            self._send(number, next(channels))

    def _channels(self) -> Iterator[Channel]:
        return itertools.cycle(one for one in CHANNELS if claimed(self._stack.profile, one) is not False)

    def _send(self, number: int, channel: Channel) -> None:
        self._room.acquire()
        flow = self._stack.sending(message(channel))
        flow.when_answered(self._room.release)
        self.sent += 1
        if number % REPORTED == 0 and self._reports:
            self._waiting.append(flow)
        if number % REPORTED == REPORTED // 2:
            self._deliver(self._reply, channel)
        self._report_what_was_sent()

    # what providers deliver meanwhile

    @property
    def _reports(self) -> bool:
        return self._stack.has_providers and claimed(self._stack.profile, "delivery_reports") is not False

    def _report_what_was_sent(self) -> None:
        for flow in list(self._waiting):
            accepted = flow.now.accepted_calls
            if accepted:
                self._waiting.remove(flow)
                self._deliver(self._report, flow.message.type, str(accepted[-1].data.get("message") or ""))

    def _report(self, channel: Channel, provider_id: str) -> None:
        if provider_id:
            self._stack.providers.report(channel, provider_id, "delivered")

    def _reply(self, channel: Channel) -> None:
        hook = self._stack.profile.webhooks.of(channel)
        if not self._stack.has_providers or claimed(self._stack.profile, "webhooks") is False or not hook.path:
            return
        (deliver_mail if channel == "email" else deliver_text)(self._stack)

    def _deliver(self, what: Any, *given: Any) -> None:
        def deliver() -> None:
            # an API that is away answers no webhook, which the record shows
            with contextlib.suppress(Inconclusive):
                what(*given)

        self._delivering.submit(deliver).add_done_callback(told)


def told(done: Future[None]) -> None:
    """What goes wrong in a delivery for another reason than a fault is ours, and must not be silent."""
    error = None if done.cancelled() else done.exception()
    if error is not None and not isinstance(error, HarnessError):
        raise error
