"""Faults: what is to happen to matching calls, how often, and how often it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from mock_providers.checked import Checked
from mock_providers.errors import ConfigError
from mock_providers.faults.latency import LONGEST_S, Latency
from mock_providers.faults.match import Match
from mock_providers.faults.webhook import WebhookFault

LONGEST_BODY = 64_000
"""Characters of a fault's own body."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """A disturbance of matching calls, or (with `webhook`) of matching webhooks.

    Of the calls that match, those are disturbed that `nth`, `probability` and `times` leave. The latency
    passes first. Then the call may fail, before it is processed or (`accept`) after it was processed like
    any other: `status` answers with the vendor's own words, or with a `body` of somebody else's, as of a
    proxy; `reset` and `empty` close the connection, `stall` never answers. `truncate` and `slow_body_s` cut
    or slow down whatever is answered.
    How several faults share a call is `Faults`' affair.
    """

    id: str
    match: Match
    times: int | None = None
    nth: int | None = None
    probability: float | None = None
    seed: int | None = None
    latency: Latency = field(default_factory=Latency)
    status: int | None = None
    code: int | str | None = None
    message: str | None = None
    body: str | None = None
    retry_after: float | None = None
    retry_after_date: bool = False
    reset: bool = False
    empty: bool = False
    stall: bool = False
    truncate: bool = False
    slow_body_s: float = 0.0
    accept: bool = False
    webhook: WebhookFault | None = None
    hits: int = 0
    met: int = 0
    rng: Random = field(default_factory=Random)

    @property
    def fails(self) -> bool:
        """Whether the call gets no proper answer."""
        return self.status is not None or self.reset or self.empty or self.stall

    @property
    def decides(self) -> bool:
        """Whether the answer, or its way, is another than without it: only one fault can do that to a call."""
        return self.fails or self.truncate or self.slow_body_s > 0

    @property
    def keeps(self) -> bool:
        """Whether it takes time, or does something to the connection: more than to say what is answered."""
        return bool(self.latency) or self.reset or self.empty or self.stall or self.truncate or self.slow_body_s > 0

    @property
    def spent(self) -> bool:
        return self.times is not None and self.hits >= self.times

    def takes(self, facts: Mapping[str, Any]) -> bool:
        """Whether this call is one it is for; counts it."""
        if self.spent or not self.match.matches(**facts):
            return False
        self.met += 1
        if self.nth is not None and self.met != self.nth:
            return False
        if self.probability is not None and self.rng.random() >= self.probability:
            return False
        self.hits += 1
        return True

    @classmethod
    def from_json(cls, value: object, *, id: str) -> Fault:  # noqa: A002  # reason: the name in the JSON
        given = Checked(value, where="fault")
        seed = given.integer("seed")
        webhook = given.any("webhook")
        fault = cls(
            id=id,
            match=Match.from_json(given.any("match", {})),
            times=given.integer("times", least=1),
            nth=given.integer("nth", least=1),
            probability=_probability(given),
            seed=seed,
            latency=Latency.read(given.any("latency_s", 0.0), where="fault"),
            status=_status(given),
            code=_code(given),
            message=given.optional_text("message"),
            body=_body(given),
            retry_after=given.number("retry_after"),
            retry_after_date=given.flag("retry_after_date", False),
            reset=given.flag("reset", False),
            empty=given.flag("empty", False),
            stall=given.flag("stall", False),
            truncate=given.flag("truncate", False),
            slow_body_s=given.number("slow_body_s", 0.0) or 0.0,
            accept=given.flag("accept", False),
            webhook=WebhookFault.read(webhook) if webhook is not None else None,
            rng=Random(seed),  # noqa: S311  # reason: chance that can be repeated is the point
        )
        given.done()
        fault._check()
        return fault

    def _check(self) -> None:
        disturbs = self.decides or self.latency
        if self.webhook is not None and disturbs:
            raise ConfigError("fault: disturbs either calls or webhooks; make two of it")
        if self.webhook is None and not disturbs:
            raise ConfigError("fault: does nothing; give it latency_s, status, reset, empty, stall, … or webhook")
        if self.accept and not self.fails:
            raise ConfigError("fault: accept needs a status, reset, empty or stall to fail with after processing")
        if self.body is not None and self.status is None:
            raise ConfigError("fault: body needs a status that it is answered with")
        if self.retry_after_date and self.retry_after is None:
            raise ConfigError("fault: retry_after_date needs retry_after, the seconds until then")
        if self.retry_after_date and self.retry_after is not None and self.retry_after > LONGEST_S:
            raise ConfigError(f"fault: a retry_after_date is at most {LONGEST_S:g} s ahead")

    def to_json(self) -> dict[str, Any]:
        shown = (
            "times", "nth", "probability", "seed", "status", "code", "message", "body", "retry_after",
            "retry_after_date", "reset", "empty", "stall", "truncate", "slow_body_s", "accept", "hits",
        )  # fmt: skip
        return {
            "id": self.id,
            "match": self.match.to_json(),
            **{name: getattr(self, name) for name in shown},
            "latency_s": self.latency.to_json(),
            "webhook": self.webhook.to_json() if self.webhook is not None else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """What faults do to one call: seconds that pass first, and the one fault that decides what is answered."""

    delay_s: float = 0.0
    by: Fault | None = None


MOST = 10_000
"""Faults that may be set; a record that is replayed makes one for each call that failed."""
UNDISTURBED = Disturbance()


class Faults:
    """The faults that are set. A call is shown to each, newest first; what they do to it adds up.

    Latencies are summed. What is answered is decided by one, the newest that would; an older one that would decide it
    too stands aside with all it has: it doesn't count the call, so its `times` and `nth` are kept for later ones.
    """

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._made = 0

    def __bool__(self) -> bool:
        return bool(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(self, value: object) -> Fault:
        if len(self._faults) >= MOST:
            raise ConfigError(f"there are {MOST} faults already, and every call is shown to each; remove some first")
        fault = Fault.from_json(value, id=f"fault-{self._made + 1}")
        self._made += 1
        self._faults[fault.id] = fault
        return fault

    def may_keep(self, facts: Mapping[str, Any]) -> bool:
        """Whether a call might meet a fault that takes time or its connection; nothing is counted by that."""
        return any(
            fault.webhook is None and fault.keeps and not fault.spent and fault.match.matches(**facts)
            for fault in self._faults.values()
        )

    def take(self, facts: Mapping[str, Any]) -> Disturbance:
        """What a call meets; counted with the faults that it is of."""
        if not self._faults:
            return UNDISTURBED
        delay, by = 0.0, None
        for fault in reversed(self._faults.values()):
            if fault.webhook is not None or (by is not None and fault.decides) or not fault.takes(facts):
                continue
            delay += fault.latency.draw(fault.rng)
            if fault.decides:
                by = fault
        return Disturbance(delay_s=delay, by=by)

    def take_webhook(self, facts: Mapping[str, Any]) -> WebhookFault:
        """What a webhook meets, whose endpoint is `webhook.` and its kind.

        Delays add up; of every other effect the newest fault that has it decides. A fault stands aside where newer
        ones leave none of its effects, where they drop the webhook, and where it would drop what they change.
        """
        delay = 0.0
        decided: dict[str, Any] = {}
        for fault in reversed(self._faults.values()):
            if fault.webhook is None:
                continue
            effects = fault.webhook.effects()
            left = {name: value for name, value in effects.items() if name not in decided}
            stands_aside = decided and effects and (not left or "drop" in decided or "drop" in effects)
            if stands_aside or not fault.takes(facts):
                continue
            delay += fault.webhook.delay_s
            decided |= left
        return WebhookFault(delay_s=delay, **decided)

    def remove(self, fault_id: str) -> Fault | None:
        return self._faults.pop(fault_id, None)

    def clear(self, account: str | None = None) -> list[Fault]:
        """Removes the faults of one account, or all."""
        gone = [fault for fault in self._faults.values() if account is None or fault.match.only_of(account)]
        for fault in gone:
            del self._faults[fault.id]
        return gone


def _probability(given: Checked) -> float | None:
    probability = given.number("probability")
    if probability is not None and probability > 1:
        raise given.wrong("probability", "0 to 1", probability)
    return probability


def _status(given: Checked) -> int | None:
    status = given.integer("status", least=100)
    if status is not None and not 200 <= status <= 599:
        raise given.wrong("status", "an HTTP status from 200 to 599", status)
    return status


def _body(given: Checked) -> str | None:
    """A body; an empty one is one."""
    body = given.any("body")
    if body is None:
        return None
    if not isinstance(body, str):
        raise given.wrong("body", "a string", body)
    return given.within("body", body, LONGEST_BODY)


def _code(given: Checked) -> int | str | None:
    code = given.any("code")
    if code is not None and (isinstance(code, bool) or not isinstance(code, int | str)):
        raise given.wrong("code", "the vendor's error code", code)
    return code
