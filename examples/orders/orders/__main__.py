"""`python -m orders migrate | api | worker`."""

from __future__ import annotations

import asyncio
import os
import sys

import asyncpg

from orders.schema import SCHEMA


async def migrate() -> None:
    """Brings the schema up to date."""
    database = await asyncpg.connect(os.environ["DATABASE_URL"])
    await database.execute(SCHEMA)
    await database.close()


def main() -> None:
    """Runs one part of the stack until it is stopped."""
    match sys.argv[1:]:
        case ["migrate"]:
            asyncio.run(migrate())
        case ["api"]:
            from orders.api import serve

            serve()
        case ["worker"]:
            from orders.worker import work

            asyncio.run(work())
        case _:
            sys.exit("usage: python -m orders migrate | api | worker")


if __name__ == "__main__":
    main()
