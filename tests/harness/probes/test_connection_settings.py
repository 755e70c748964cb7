"""What our own connection to a database sets for itself alone."""

from __future__ import annotations

from harness.loop import Loop
from harness.probes.connection import connect


def test_our_reads_are_not_compiled(database: str, loop: Loop) -> None:
    """Where a server compiles what it believes to be dear, each of our reads took half a second."""

    async def asked() -> str:
        connection = await connect(database)
        try:
            return str(
                await connection.fetchval("SELECT setting FROM pg_settings WHERE name = 'jit' AND source = 'session'")
            )
        finally:
            await connection.close()

    assert loop.run(asked()) == "off"
