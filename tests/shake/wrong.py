"""A stack that is wrong only when it is disturbed: `python -m tests.shake.wrong NAME api|worker`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from messaging_stack.cli import main

PATIENCE_S = 0.3


def impatient() -> None:
    """A provider that takes long is called once more, while the first call goes on."""
    from messaging_stack.delivery import Deliverer

    deliver = Deliverer.deliver

    async def twice(self: Any, *message: Any, **more: Any) -> Any:
        first = asyncio.create_task(deliver(self, *message, **more))
        done, _ = await asyncio.wait([first], timeout=PATIENCE_S)
        if not done:
            await deliver(self, *message, **more)
        return await first

    Deliverer.deliver = twice  # type: ignore[method-assign]  # reason: the defect


def eager() -> None:
    """The entry is gone before the provider has the message: a crash in between loses it."""
    from tests.quality.defects.sending import acknowledged_before_the_call

    acknowledged_before_the_call()


WRONG = {"impatient": impatient, "eager": eager}

if __name__ == "__main__":
    WRONG[sys.argv.pop(1)]()
    main()
