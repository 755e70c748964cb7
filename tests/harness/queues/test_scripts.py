"""Whose a script is: MONITOR shows what it did, and the wire, which may be later, whose connection that was."""

from __future__ import annotations

from harness_support import Valkey

from harness.history import History
from harness.loop import Loop
from harness.probes.entries import Said
from harness.probes.scripts import Scripts
from harness.wire.reach import watched_of

WATCH = {"streams": ["jobs"], "database": 0, "base": "list", "scripts": True}
PUSH = "redis.call('lpush', KEYS[1], ARGV[1])"


def test_whose_a_script_is_is_asked_for_before_it_is_told(valkey: Valkey, loop: Loop) -> None:
    said: list[Said] = []
    asked: list[str] = []
    own, other = valkey.client(), valkey.client()
    address = str(own.client_info()["addr"])

    async def heard_out() -> None:
        asked.append("the wire")
        scripts.connected(address, "api-1")

    scripts = Scripts(History(), watched_of(WATCH), url=valkey.url, take=said.append, heard_out=heard_out)
    loop.run(scripts.start())
    for client, word in ((own, "m1"), (own, "m2"), (other, "m3"), (other, "m4")):
        client.eval(PUSH, 1, "jobs", word)
    loop.run(scripts.settle())
    loop.run(scripts.stop())
    assert [one["process"] for one in said] == ["api-1", "api-1", "", ""]
    assert len(asked) == 2  # once for each address, also for that of nobody
