"""One run of one worker: all is prepared, it starts, and from its first call to its last row it is measured."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from benchmarks.queue_workers.children import Child, Children, Failed
from benchmarks.queue_workers.contenders import CONNECTIONS, IN_HAND, OURS, PEERS, Contender
from benchmarks.queue_workers.environments import Absent
from benchmarks.queue_workers.messages import Messages
from benchmarks.queue_workers.services import Services, parts
from harness.errors import DeployError

ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "token"
CALLBACK = "http://127.0.0.1:8080"
BEGINS_WITHIN_S = 30.0
FEW = 500
"""Messages of a first run, which isn't counted: it warms up, and tells how many can be had in the time."""
FEWEST = 100


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run gave."""

    messages: int
    seconds: float
    processor_s: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cost_us(self) -> float:
        """Microseconds of the worker's processor time for a message."""
        return self.processor_s / self.messages * 1e6


class Bench:
    """Runs one worker after another on the same services."""

    def __init__(self, children: Children, where: Services, messages: Messages, *, build: Path) -> None:
        self._children = children
        self._where = where
        self._messages = messages
        self._ids = build / "ids.txt"

    def run(self, contender: Contender, folder: Path | None, *, number: int, within: float) -> Run:
        """Sends so many messages; raises Absent where it can't begin, Failed where one isn't sent just once.

        `folder` has the programs of a peer; `within` is seconds from the first call to the last row.
        """
        ids = self._messages.make(number)
        try:
            self._prepare(contender, folder, ids)
            worker = self._start(contender, folder)
        except (DeployError, Failed) as why:
            raise Absent(str(why)) from why
        try:
            began = self._began(worker)
            before = worker.processor_s()
            what = f"{number} rows of {contender.name} to be sent"
            worker.until(lambda: self._messages.sent(number), what=what, within=within)
            used = worker.processor_s() - before
        finally:
            worker.end()
        if wrong := self._messages.wrong():
            raise Failed(f"{contender.name}: {len(wrong)} of {number} messages are wrong; the first: {wrong[0]}")
        return Run(messages=number, seconds=self._messages.last() - began, processor_s=used)

    def _began(self, worker: Child) -> float:
        if (began := self._messages.began(within=BEGINS_WITHIN_S)) is None:
            raise Absent(worker.missing(f"a call within {BEGINS_WITHIN_S:g} s"))
        return began

    def _prepare(self, contender: Contender, folder: Path | None, ids: list[str]) -> None:
        if folder is None or not contender.program:
            self._messages.append(ids)
            return
        self._ids.write_text("\n".join(ids), encoding="utf-8")
        command = [str(folder / "python"), str(PEERS / contender.program), str(self._ids)]
        name = f"{contender.name} enqueues"
        self._children.start(name, command, self._settings(contender)).finish(within=BEGINS_WITHIN_S)

    def _start(self, contender: Contender, folder: Path | None) -> Child:
        first, *rest = contender.command
        program = first if folder is None else str(folder / first)
        # a peer's program is told by its file's name, in the folder where it lies
        words = [str(PEERS / word) if word.endswith(".py") and folder else word for word in rest]
        words = [word.replace("{redis}", self._where.redis) for word in words]
        return self._children.start(contender.name, [program, *words], self._settings(contender))

    def _settings(self, contender: Contender) -> dict[str, str]:
        """What a worker is told. Nobody writes a line for each message."""
        where = self._where
        if contender.name == OURS:
            return {
                **parts(where.database, of="POSTGRES"),
                **parts(where.redis, of="REDIS"),
                "TWILIO_BASE_URL": where.provider,
                "TWILIO_ACCOUNT_SID": ACCOUNT,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "SENDGRID_BASE_URL": where.provider,
                "SENDGRID_API_KEY": "unused",
                "PUBLIC_URL": CALLBACK,
                "LOG_LEVEL": "warning",
            }
        authorization = b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        return {
            "BENCH_DATABASE": where.database,
            "BENCH_REDIS": where.redis,
            "BENCH_PROVIDER": f"{where.provider}/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
            "BENCH_AUTHORIZATION": f"Basic {authorization}",
            "BENCH_CALLBACK": f"{CALLBACK}/api/v1/webhooks/twilio",
            "BENCH_IN_HAND": str(IN_HAND),
            "BENCH_CONNECTIONS": str(CONNECTIONS),
            "PYTHONPATH": str(PEERS),
        }


def affordable(first: Run, *, wanted: int, limit_s: float) -> int:
    """How many messages a run has: as many as are wanted, or what the first run says fits into the time."""
    return max(FEWEST, min(wanted, int(first.rate * limit_s) // 100 * 100))
