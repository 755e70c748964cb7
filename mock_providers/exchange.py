"""One vendor call from receipt to answer: recorded, perhaps disturbed, processed, recorded, answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quote
from typing import Any

from mock_providers import redact
from mock_providers.asgi import (
    Answer,
    Receive,
    Request,
    Scope,
    Send,
    client_gone,
    header_of,
    read_request,
    send_answer,
    unless_gone,
)
from mock_providers.bodies import Bodies
from mock_providers.call import Call, Vendor
from mock_providers.clock import elapse
from mock_providers.connection import UNDERSTOOD, hang_up, send_badly
from mock_providers.errors import JournalError
from mock_providers.faults import Fault, Faults, Gates
from mock_providers.faults.answers import RETRY_AFTER
from mock_providers.journal import Journal
from mock_providers.journal.journal import encode
from mock_providers.metrics import Metrics

BODY_IN_ENTRY = 64 * 1024
"""Bytes of a body that an entry itself holds; a longer one is kept whole beside the journal."""

BAD_REQUEST = 400
"""The first status of a call that failed."""

_LOG = logging.getLogger(__name__)

_WITH_STATUS = frozenset(("answered", "truncated", "slow"))


class Exchange:
    """Runs calls against one journal and one set of faults and gates."""

    def __init__(self, *, journal: Journal, bodies: Bodies, faults: Faults, gates: Gates) -> None:
        self._journal = journal
        self._bodies = bodies
        self._faults = faults
        self._gates = gates
        self.in_flight = 0
        self.metrics = Metrics()

    def serve_now(self, vendor: Vendor, request: Request, reply: Callable[[Answer], None]) -> bool:
        """Serves a call in this turn of the event loop, unless a fault or a gate might keep it: then it is false.

        `reply` gets the answer once the call is on disk. A call that is kept was understood: `request.call` has it.
        """
        began = time.perf_counter()
        call = _receive(vendor, request)
        disturbed = bool(self._faults)
        if (disturbed and self._faults.may_keep(call.facts())) or (self._gates and self._gates.meet(call.facts())):
            request.call = call
            return False
        try:
            number = self._record_call(request, call)
            fault = self._faults.take(call.facts()).by if disturbed else None
            answer = _answered(vendor, call) if fault is None else _disturbed(vendor, call, fault)
            self._record_answer(call, number, answer, "answered", time.perf_counter() - began)
        except JournalError as error:
            reply(_unwritten(vendor, error))
            return True
        self.in_flight += 1

        def written(error: JournalError | None) -> None:
            self.in_flight -= 1
            reply(answer if error is None else _unwritten(vendor, error))

        self._journal.when_committed(written)
        return True

    def refuse(self, vendor: Vendor, request: Request, status: int, reply: Callable[[Answer], None]) -> None:
        """Records a call that isn't taken, as far as it came, and answers it with a status in the vendor's words."""
        call = _receive(vendor, request)
        answer = vendor.refusal(status)
        try:
            number = self._record_call(request, call)
            self._record_answer(call, number, answer, "answered", 0.0)
        except JournalError as error:
            reply(_unwritten(vendor, error))
            return
        self._journal.when_committed(lambda error: reply(answer if error is None else _unwritten(vendor, error)))

    async def serve(self, vendor: Vendor, scope: Scope, receive: Receive, send: Send) -> None:
        request = await read_request(scope, receive)
        if request is None:
            return
        began = time.perf_counter()
        understood = scope.get("extensions", {}).get(UNDERSTOOD)
        if understood is not None:
            # it is understood once: that counts, and may make an account
            request, call = understood, understood.call
        else:
            call = _receive(vendor, request)
        self.in_flight += 1
        try:
            number = self._record_call(request, call)
            answer, outcome, slow_s = await self._answer(vendor, call, number, receive)
            self._record_answer(call, number, answer, outcome, time.perf_counter() - began)
            await self._journal.committed()
        except JournalError as error:
            answer, outcome, slow_s = _unwritten(vendor, error), "answered", 0.0
        finally:
            self.in_flight -= 1
        if outcome in {"reset", "empty"}:
            await hang_up(scope, receive, reset=outcome == "reset")
        elif outcome == "answered":
            await send_answer(send, answer)
        elif outcome in {"truncated", "slow"}:
            await send_badly(scope, receive, send, answer, over_s=slow_s)

    async def _answer(self, vendor: Vendor, call: Call, number: int, receive: Receive) -> tuple[Answer, str, float]:
        """The answer, what is done with it, and how many seconds its body takes.

        It is answered, truncated or slow, the connection is reset or closed (empty), or the client left (aborted).
        """
        disturbance = self._faults.take(call.facts())
        fault = disturbance.by
        if disturbance.delay_s and not await unless_gone(receive, elapse(disturbance.delay_s)):
            return Answer(499), "aborted", 0.0
        answer = _answered(vendor, call) if fault is None else _disturbed(vendor, call, fault)
        if fault is not None and fault.stall:
            await client_gone(receive)
            return answer, "aborted", 0.0
        if self._gates:
            with self._gates.closed_to(call.facts(), number, answer.message) as gates:
                for gate in gates:
                    if not await unless_gone(receive, gate.opened.wait()):
                        return answer, "aborted", 0.0
        return answer, _outcome(fault), fault.slow_body_s if fault is not None else 0.0

    def _record_call(self, request: Request, call: Call) -> int:
        # put together by hand: this is most of what a recorded call costs
        params = call.raw_params if call.raw_params is not None else _params(call.params)
        path = redact.url(request.target) if request.query else request.path
        number = self._journal.append_json(
            "called",
            call.provider,
            call.account,
            None,
            f'"endpoint":"{call.endpoint}","method":{quote(request.method)},"path":{quote(path)},'
            f'"to":{_list(call.to)},"from":{_text(call.sender)},"text":{_text(call.text)},'
            f'"peer":"{request.peer}","headers":{redact.headers_json(request.headers)},"params":{params}}}',
        )
        if len(request.body) > BODY_IN_ENTRY:
            self._bodies.keep(number, redact.body(request.body))
        return number

    def _record_answer(self, call: Call, number: int, answer: Answer, outcome: str, elapsed: float) -> None:
        code = answer.code
        result = str(answer.status) if outcome == "answered" else outcome
        # only what failed asks to be left alone for a while: a good answer's headers needn't be gone through
        wait = header_of(answer.headers, RETRY_AFTER).decode("latin-1") if answer.status >= BAD_REQUEST else ""
        asked = f',"retry_after":{quote(wait)}' if wait and outcome in _WITH_STATUS else ""
        self.metrics.count(call.provider, call.endpoint, result, elapsed)
        self._journal.append_json(
            "answered",
            call.provider,
            call.account,
            number,
            f'"endpoint":"{call.endpoint}","to":{_list(call.to)},'
            f'"status":{answer.status if outcome in _WITH_STATUS else "null"},"message":{_text(answer.message)},'
            f'"error":{"null" if code is None else encode(code)},"outcome":"{outcome}",'
            f'"elapsed_ms":{elapsed * 1000:.3f}{asked}}}',
        )


def _receive(vendor: Vendor, request: Request) -> Call:
    """The call; where understanding it fails, which is our mistake, one that nothing is known of but its path."""
    try:
        return vendor.receive(request)
    except Exception:
        _LOG.exception("a call to %s wasn't understood", vendor.name)
        return Call(provider=vendor.name, account=None, endpoint="unknown", answer=lambda: vendor.refusal(500))


def _answered(vendor: Vendor, call: Call) -> Answer:
    """The answer; a mistake of ours is answered as the vendor answers one of its own, and recorded like any other."""
    try:
        return call.answer()
    except Exception:
        _LOG.exception("a call to %s (%s) wasn't processed", vendor.name, call.endpoint)
        return vendor.refusal(500)


def _unwritten(vendor: Vendor, error: JournalError) -> Answer:
    return vendor.refusal(500, str(error))


def _params(given: Any) -> str:
    """A form without repeated names, as most are, put together by hand; anything else by the encoder."""
    if type(given) is not dict or not all(type(value) is str for value in given.values()):
        return encode(given)
    return f"{{{','.join([f'{quote(name)}:{quote(value)}' for name, value in given.items()])}}}"


def _text(value: str | None) -> str:
    return "null" if value is None else quote(value)


def _list(values: list[str]) -> str:
    return f"[{quote(values[0])}]" if len(values) == 1 else encode(values)


def _outcome(fault: Fault | None) -> str:
    if fault is None:
        return "answered"
    for outcome, asked in (("reset", fault.reset), ("empty", fault.empty), ("truncated", fault.truncate)):
        if asked:
            return outcome
    return "slow" if fault.slow_body_s else "answered"


def _disturbed(vendor: Vendor, call: Call, fault: Fault) -> Answer:
    if not fault.fails:
        return _answered(vendor, call)
    accepted = _answered(vendor, call).message if fault.accept else None
    failure = vendor.failure(fault) if fault.status is not None else Answer(500)
    failure.message = accepted
    return failure
