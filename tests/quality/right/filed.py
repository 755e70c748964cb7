"""A small right stack on a SQLite file: texts by Twilio, entries on a Redis stream, settings by FILED_ variables.

`python -m tests.quality.right.filed migrate|api|worker`. FILED_WRONG makes it wrong on purpose.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import uuid
from typing import Any

import redis.asyncio
from aiohttp import BasicAuth, ClientError, ClientSession, web

STREAM, GROUP = "filed", "senders"
TABLE = """
CREATE TABLE IF NOT EXISTS outbox (
    ref {key}, state {state} NOT NULL DEFAULT 'queued', number TEXT NOT NULL, words TEXT NOT NULL, sid TEXT,
    queued INTEGER NOT NULL DEFAULT 0
) {options}"""
KEYS = {
    "number": "INTEGER PRIMARY KEY",
    "uuid": "CHAR(32) PRIMARY KEY",
    "bytes": "BLOB PRIMARY KEY",
}
REPLACED = """
INSERT OR REPLACE INTO outbox (ref, state, number, words, sid, queued)
SELECT ref, ?, number, words, ?, queued FROM outbox WHERE ref = ?"""


def setting(name: str, default: str = "") -> str:
    return os.environ.get(f"FILED_{name}", default)


KEY = setting("KEY", "number")
WRONG = setting("WRONG")


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["DATABASE_PATH"], timeout=10, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {setting('JOURNAL', 'wal')}")
    connection.execute("PRAGMA foreign_keys = on")
    if setting("RECURSIVE"):
        connection.execute("PRAGMA recursive_triggers = on")
    return connection


def make_table() -> None:
    state = "TEXT" if KEY == "number" else "VARCHAR(20)"
    database().execute(TABLE.format(key=KEYS[KEY], state=state, options=setting("OPTIONS")))


def key(shown: str) -> Any:
    """A text's key, as the file keeps it."""
    return {"number": int, "uuid": lambda text: uuid.UUID(text).hex, "bytes": lambda text: uuid.UUID(text).bytes}[KEY](
        shown
    )


def streams() -> redis.asyncio.Redis:
    return redis.asyncio.Redis(
        host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), decode_responses=True, protocol=2
    )


class Carrier:
    """Sends texts and writes down what came of them."""

    def __init__(self, rows: sqlite3.Connection) -> None:
        self.rows = rows
        account = os.environ["TWILIO_ACCOUNT_SID"]
        self.url = f"{os.environ['TWILIO_BASE_URL']}/2010-04-01/Accounts/{account}/Messages.json"
        self.http = ClientSession(auth=BasicAuth(account, os.environ["TWILIO_AUTH_TOKEN"]))

    async def carry(self, ref: Any) -> None:
        found = self.rows.execute(
            "UPDATE outbox SET state = 'sending' WHERE ref = ? AND state IN ('queued', 'sending') "
            "RETURNING number, words",
            (ref,),
        ).fetchone()
        if found is None:
            return
        if WRONG == "sent early":
            self.write(ref, "sent", None)
        sid = await self.send(*found)
        self.write(ref, "sent" if sid else "failed", sid)

    def write(self, ref: Any, state: str, sid: str | None) -> None:
        if setting("REPLACE"):
            self.rows.execute(REPLACED, (state, sid, ref))
        else:
            self.rows.execute("UPDATE outbox SET state = ?, sid = ? WHERE ref = ?", (state, sid, ref))

    async def send(self, number: str, words: str) -> str | None:
        """The carrier's id of the text; None where it was refused."""
        form = {"To": number, "Body": words, "From": "+12025550123"}
        try:
            async with self.http.post(self.url, data=form) as answer:
                return str((await answer.json())["sid"]) if answer.status < 300 else None
        except ClientError:
            return None


class Api:
    """Stores a text, queues it, answers."""

    async def open(self) -> None:
        if setting("MAKES_TABLE"):
            make_table()
        self.rows, self.redis = database(), streams()
        self.carrier = Carrier(self.rows)
        for (ref,) in self.rows.execute("SELECT ref FROM outbox WHERE queued = 0").fetchall():
            await self.queue(ref)  # an earlier API died before it had
        app = web.Application()
        app.add_routes([web.post("/outbox", self.take), web.get("/outbox/{ref}", self.show), web.get("/up", self.up)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, os.environ["HOST"], int(os.environ["PORT"])).start()

    async def take(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked.get("type", "sms") != "sms" or asked.get("attachments"):
            return web.json_response({"error": "texts only"}, status=422)
        new = None if KEY == "number" else key(str(uuid.uuid4()))
        made = self.rows.execute(
            "INSERT INTO outbox (ref, number, words) VALUES (?, ?, ?)", (new, asked["to"], asked["body"])
        )
        ref = made.lastrowid if new is None else new
        if WRONG == "inline":
            await self.carrier.carry(ref)
        await self.queue(ref)
        return web.json_response({"id": shown(ref), "status": "queued"}, status=202)

    async def queue(self, ref: Any) -> None:
        await self.redis.xadd(STREAM, {"ref": str(shown(ref))})
        self.rows.execute("UPDATE outbox SET queued = 1 WHERE ref = ?", (ref,))

    async def show(self, request: web.Request) -> web.Response:
        ref = key(request.match_info["ref"])
        found = self.rows.execute("SELECT state FROM outbox WHERE ref = ?", (ref,)).fetchone()
        if found is None:
            return web.json_response({"error": "no such text"}, status=404)
        return web.json_response({"id": shown(ref), "status": found[0]})

    async def up(self, request: web.Request) -> web.Response:
        return web.json_response({"up": True})


def shown(ref: Any) -> Any:
    """A row's key as JSON has it."""
    if KEY == "number":
        return ref
    return str(uuid.UUID(ref) if KEY == "uuid" else uuid.UUID(bytes=ref))


async def work(stop: asyncio.Event) -> None:
    """Reads entries, sends their texts, finishes them; what this worker had when it died comes first."""
    queue, name = streams(), os.environ["WORKER_NAME"]
    try:
        await queue.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise
    rows, mine = None, True
    while not stop.is_set():
        after, block = ("0", None) if mine else (">", 300)
        answer = await queue.xreadgroup(GROUP, name, {STREAM: after}, count=8, block=block)
        entries = [(entry, fields) for _, found in answer or [] for entry, fields in found if fields]
        mine = mine and bool(entries)
        for entry, fields in entries:
            if rows is None:  # the API may make the table
                rows = database()
                carrier = Carrier(rows)
            await carrier.carry(key(fields["ref"]))
            await queue.xack(STREAM, GROUP, entry)


async def main(role: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if role == "migrate":
        if not setting("MAKES_TABLE"):
            make_table()
    elif role == "api":
        await Api().open()
        await stop.wait()
    else:
        await work(stop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
