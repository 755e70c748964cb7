"""The one job for peers without asyncio: threads, greenlets, or one after another."""

from __future__ import annotations

import os
from queue import LifoQueue
from urllib.parse import urlencode

import psycopg
import requests
from requests.adapters import HTTPAdapter

REDIS = os.environ["BENCH_REDIS"]
DATABASE = os.environ["BENCH_DATABASE"]
IN_HAND = int(os.environ["BENCH_IN_HAND"])
CONNECTIONS = int(os.environ["BENCH_CONNECTIONS"])
READ = "SELECT body, from_address, to_address FROM messages WHERE id = %s AND status = 'pending'"
WRITE = """
UPDATE messages SET status = 'sent', provider_message_id = %s, sent_at = clock_timestamp(),
    updated_at = clock_timestamp() WHERE id = %s
"""
# one for each greenlet that may want it; None: not connected yet
_free: LifoQueue[psycopg.Connection | None] = LifoQueue()
for _ in range(CONNECTIONS):
    _free.put(None)
_session = requests.Session()
_session.trust_env = False
_session.mount("http://", HTTPAdapter(pool_maxsize=IN_HAND))
_session.headers.update(
    {
        "Authorization": os.environ["BENCH_AUTHORIZATION"],
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
)


def do(message_id: str) -> None:
    """Sends one message."""
    row = ask(READ, (message_id,), rows=True)
    if row is None:
        raise LookupError(f"no message {message_id} is pending")
    body, sender, recipient = row
    form = {"To": recipient, "From": sender, "StatusCallback": os.environ["BENCH_CALLBACK"], "Body": body}
    answer = _session.post(os.environ["BENCH_PROVIDER"], data=urlencode(form).encode())
    answer.raise_for_status()
    ask(WRITE, (answer.json()["sid"], message_id))


def ask(statement: str, values: tuple[str, ...], *, rows: bool = False) -> tuple[str, str, str] | None:
    """One statement on a connection that is free, by itself a transaction."""
    connection = _free.get() or psycopg.connect(DATABASE, autocommit=True)
    try:
        cursor = connection.execute(statement, values, prepare=True)
        return cursor.fetchone() if rows else None
    finally:
        _free.put(connection)
