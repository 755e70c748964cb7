"""A small right stack that is nobody's model: texts by Twilio, a table of its own words, settings by SMALL_ variables.

`python -m tests.quality.right.small migrate|api|worker`. It sends texts only, tries each once, knows no webhooks, and
finishes an entry as SMALL_FINISH says; "first": before its call, and its row keeps whose work it is.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import uuid
from typing import Any

import asyncpg
import redis.asyncio
from aiohttp import BasicAuth, ClientError, ClientSession, web

STREAM = "texts"
CURSOR = "texts:read-up-to"
KEYS = {
    "bigint": "bigint DEFAULT nextval('numbers')",
    "uuid": "uuid DEFAULT gen_random_uuid()",
}
TABLES = {
    "plain": """
CREATE TABLE outbound (
    no {key} PRIMARY KEY, state text NOT NULL DEFAULT 'new', phone text NOT NULL, words text NOT NULL, carrier_ref text,
    queued boolean NOT NULL DEFAULT false, entry text
)""",
}
TABLES["hashed"] = f"""{TABLES["plain"]} PARTITION BY HASH (no);
CREATE TABLE outbound_0 PARTITION OF outbound FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE outbound_1 PARTITION OF outbound FOR VALUES WITH (MODULUS 2, REMAINDER 1)"""
TABLES["by state"] = f"""{TABLES["plain"].replace(" PRIMARY KEY", "")} PARTITION BY LIST (state);
CREATE TABLE outbound_open PARTITION OF outbound FOR VALUES IN ('new', 'working');
CREATE TABLE outbound_ended PARTITION OF outbound DEFAULT"""
TABLES["archived"] = f"""{TABLES["plain"]};
CREATE TABLE archive AS TABLE outbound WITH NO DATA"""
ARCHIVE = """
WITH ended AS (DELETE FROM outbound WHERE no = $1 AND state IN ('done', 'broken') RETURNING *)
INSERT INTO archive SELECT * FROM ended"""
# the text is this entry's: nobody has begun with it, or somebody did for this very entry, and died
CLAIM = """
UPDATE outbound SET state = $3, entry = $2 WHERE no = $1 AND state IN ('new', $3) AND coalesce(entry, $2) = $2
RETURNING phone, words"""
BEGUN = "SELECT no, entry, phone, words FROM outbound WHERE state = $1 AND starts_with(entry, $2)"
"""What a worker had begun when it died, where the rows and not the stream keep that."""


def setting(name: str, default: str = "") -> str:
    return os.environ.get(f"SMALL_{name}", default)


KEY = setting("KEY", "bigint")
GROUP = setting("GROUP", "senders")
FINISH = setting("FINISH", "ack")
LAYOUT = setting("LAYOUT", "plain")
SENDER = setting("SENDER")
WORKING = setting("WORKING", "working")
"""What a text is while it is worked on; "new" where the stack has no word for that."""


def key(value: Any) -> Any:
    return int(value) if KEY == "bigint" else uuid.UUID(str(value))


def shown(value: Any) -> Any:
    """A row's key as JSON has it: a number, or text."""
    return value if KEY == "bigint" and setting("NUMBERS", "yes") == "yes" else str(value)


async def database() -> asyncpg.Pool:
    return await asyncpg.create_pool(
        host=os.environ["POSTGRES_HOST"],
        port=int(os.environ["POSTGRES_PORT"]),
        user=os.environ["POSTGRES_USER"],
        password=os.environ["POSTGRES_PASSWORD"],
        database=os.environ["POSTGRES_DB"],
        min_size=1,
        max_size=4,
    )


def streams() -> redis.asyncio.Redis:
    return redis.asyncio.Redis(
        host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), decode_responses=True, protocol=2
    )


async def migrate() -> None:
    pool = await database()
    await pool.execute(f"CREATE SEQUENCE numbers; {TABLES[LAYOUT].format(key=KEYS[KEY])}")
    await pool.close()


class Api:
    """Stores a text, queues it, answers."""

    async def open(self) -> None:
        await self.connect()
        await self.serve(
            web.post("/texts", self.take),
            web.get("/texts/{no}", self.show),
            web.get("/healthy", self.healthy),
        )

    async def connect(self) -> None:
        self.pool, self.redis = await database(), streams()
        for row in await self.pool.fetch("SELECT no FROM outbound WHERE NOT queued"):
            await self.queue(row["no"])  # an earlier API died before it had

    async def serve(self, *routes: web.RouteDef) -> None:
        app = web.Application()
        app.add_routes(routes)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, os.environ["HOST"], int(os.environ["PORT"])).start()

    async def take(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked.get("type", "sms") != "sms" or asked.get("attachments"):
            return web.json_response({"error": "texts only"}, status=422)
        insert = "INSERT INTO outbound (phone, words) VALUES ($1, $2) RETURNING no"
        if setting("COMMIT") == "last":
            async with self.pool.acquire() as connection, connection.transaction():
                no = await connection.fetchval(insert, asked["to"], asked["body"])
                await self.append(no)
                await connection.execute("UPDATE outbound SET queued = true WHERE no = $1", no)
        else:
            no = await self.pool.fetchval(insert, asked["to"], asked["body"])
            await self.queue(no)
        said = {"id": shown(no)} if setting("TERSE") else {"id": shown(no), "status": "new"}
        return web.json_response(said, status=int(setting("ANSWER", "202")))

    async def queue(self, no: Any) -> None:
        await self.append(no)
        await self.update("UPDATE outbound SET queued = true WHERE no = $1", no)

    async def update(self, statement: str, *values: Any) -> None:
        """Run a statement again where the row that it waited for went to another partition meanwhile.

        PostgreSQL refuses such a statement instead of following the row (its manual: UPDATE, the notes).
        """
        while True:
            try:
                await self.pool.execute(statement, *values)
            except asyncpg.SerializationError:
                continue
            return

    async def append(self, no: Any) -> None:
        fields = {"no": str(no)} if setting("FLAT") else {"job": json.dumps({"no": shown(no)})}
        bound = {"maxlen": 300, "approximate": False} if FINISH == "trim" else {}
        await self.redis.xadd(STREAM, fields, **bound)

    async def show(self, request: web.Request) -> web.Response:
        no = request.match_info["no"]
        select = "SELECT state FROM outbound WHERE no = $1"
        if LAYOUT == "archived":
            select += " UNION ALL SELECT state FROM archive WHERE no = $1"
        state = await self.pool.fetchval(select, key(no))
        if state is None:
            return web.json_response({"error": "no such text"}, status=404)
        return web.json_response({"id": shown(key(no)), "status": state})

    async def healthy(self, request: web.Request) -> web.Response:
        return web.json_response({"healthy": True})


class Worker:
    """Reads entries, sends their texts, finishes them."""

    async def open(self, stop: asyncio.Event) -> None:
        self.pool, self.redis = await database(), streams()
        self.name = os.environ["WORKER_NAME"]
        account = os.environ["TWILIO_ACCOUNT_SID"]
        self.url = f"{os.environ['TWILIO_BASE_URL']}/2010-04-01/Accounts/{account}/Messages.json"
        auth = BasicAuth(account, os.environ["TWILIO_AUTH_TOKEN"])
        if GROUP:
            try:
                await self.redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
        async with ClientSession(auth=auth) as self.http:
            if FINISH == "first":
                for row in await self.pool.fetch(BEGUN, WORKING, f"{self.name}/"):
                    await self.carry_out(row["no"], row["phone"], row["words"])
            mine = bool(GROUP)
            while not stop.is_set():
                entries = await self.read(mine=mine)
                mine = mine and bool(entries)
                await asyncio.gather(*(self.work(entry, fields) for entry, fields in entries))
                if not GROUP and entries:
                    await self.redis.set(CURSOR, entries[-1][0])

    async def read(self, *, mine: bool) -> list[tuple[str, dict[str, str]]]:
        """The next entries; `mine`: those that this worker had when it died."""
        if not GROUP:
            answer = await self.redis.xread({STREAM: await self.redis.get(CURSOR) or "0"}, count=8, block=300)
        else:
            after, block = ("0", None) if mine else (">", 300)
            answer = await self.redis.xreadgroup(
                GROUP, self.name, {STREAM: after}, count=8, block=block, noack=bool(setting("NOACK"))
            )
        return [(entry, fields) for _, entries in answer or [] for entry, fields in entries if fields]

    async def work(self, entry: str, fields: dict[str, str]) -> None:
        no = key(fields["no"] if setting("FLAT") else json.loads(fields["job"])["no"])
        while setting("COMMIT") == "last" and not await self.known(no):  # noqa: ASYNC110 - reason: nobody tells us
            await asyncio.sleep(0.01)  # reason: a commit announces itself to nobody
        if FINISH == "first":
            row = await self.pool.fetchrow(CLAIM, no, f"{self.name}/{entry}", WORKING)
            await self.finish(entry)
        else:
            row = await self.pool.fetchrow(CLAIM, no, entry, WORKING)
        if row is not None:
            await self.carry_out(no, row["phone"], row["words"])
        if LAYOUT == "archived":
            await self.pool.execute(ARCHIVE, no)
        if FINISH != "first":
            await self.finish(entry)

    async def carry_out(self, no: Any, phone: str, words: str) -> None:
        ref = await self.send(phone, words)
        state = "done" if ref else "broken"
        await self.pool.execute("UPDATE outbound SET state = $2, carrier_ref = $3 WHERE no = $1", no, state, ref)

    async def finish(self, entry: str) -> None:
        if GROUP and not setting("NOACK"):
            await self.redis.xack(STREAM, GROUP, entry)
        if FINISH in ("ack-delete", "delete", "first"):
            await self.redis.xdel(STREAM, entry)

    async def known(self, no: Any) -> bool:
        return bool(await self.pool.fetchval("SELECT true FROM outbound WHERE no = $1", no))

    async def send(self, phone: str, words: str) -> str | None:
        """The carrier's id of the text; None where it was refused."""
        sender = {"MessagingServiceSid" if SENDER.startswith("MG") else "From": SENDER or "+12025550123"}
        form = {"To": phone, "Body": words, **sender}
        try:
            async with self.http.post(self.url, data=form) as answer:
                return str((await answer.json())["sid"]) if answer.status < 300 else None
        except ClientError:
            return None


async def main(role: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if role == "migrate":
        await migrate()
    elif role == "api":
        await Api().open()
        await stop.wait()
    else:
        await Worker().open(stop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
