"""PostgreSQL and Valkey, as the harness deploys them, with the stack's schema; and the provider that all call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.queue_workers.children import Child, Children
from harness.deploy.embedded import Embedded
from harness.deploy.starting import Start
from harness.history import History
from harness.loop import Loop
from harness.profile import load
from harness.redact import Redactor

STARTS_WITHIN_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Services:
    """Where they are reached."""

    database: str
    redis: str
    provider: str
    serving: Child


@contextlib.contextmanager
def services(children: Children, *, logs: Path) -> Iterator[Services]:
    """Real servers for as long as the block runs; DeployError, or Failed, where they can't be had."""
    history, loop = History(), Loop()
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(loop.close)
        # nothing of the harness is between a worker and its servers: no wire, no trigger
        driver = Embedded(
            load(Path("harness.toml"), driver="embedded"),
            history,
            redactor=Redactor(),
            logs=logs,
            stack_env={},
            wire=None,
        )
        cleanup.callback(lambda: loop.run(driver.stop()))
        Start(history, loop).run(driver.start_services())
        serving = children.python("provider", Path(__file__).with_name("provider.py"), {})
        port = serving.first_line(within=STARTS_WITHIN_S)
        yield Services(
            database=driver.addresses.database or "",
            redis=driver.addresses.redis or "",
            provider=f"http://127.0.0.1:{port}",
            serving=serving,
        )


def parts(url: str, *, of: str) -> dict[str, str]:
    """A server's address, user and database as the settings of the stack name them."""
    where = urlsplit(url)
    found = {"HOST": where.hostname, "PORT": where.port, "USER": where.username, "PASSWORD": where.password}
    found["DB"] = where.path.lstrip("/")
    return {f"{of}_{name}": str(value) for name, value in found.items() if value}
