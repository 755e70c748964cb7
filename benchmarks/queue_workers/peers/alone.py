"""The one job without any queue, with asyncio: what is left of a peer's cost without it is the library's."""

from __future__ import annotations

import asyncio

import asyncpg
from job import DATABASE, IN_HAND, Work


async def main() -> None:
    connection = await asyncpg.connect(DATABASE)
    ids = iter(await connection.fetch("SELECT id FROM messages"))
    await connection.close()
    work = Work()
    await work.open()

    async def one_after_another() -> None:
        for row in ids:
            await work.do(row["id"])

    await asyncio.gather(*(one_after_another() for _ in range(IN_HAND)))
    # reason: nothing is waited for: it stays until it is killed, as every worker does
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
