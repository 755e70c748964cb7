"""Real load runs on stacks that are not the reference stack: what each can carry is sent, the rest is told."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from harness.profile import load as read
from harness.session import Options, deployed
from tests.load.own import KEY
from tests.load.test_run import load
from tests.quality.right.of_small import small

pytestmark = pytest.mark.unmeasured
RUN = ("--duration", "3s", "--late-share", "1")
OWN = """
version = 2
name = "own"
migrate = ["{{python}}", "-m", "tests.quality.right.small", "migrate"]

[env]
SMALL_FINISH = "ack"
OWN_LIMIT = "{limit}"

[processes.api]
command = ["{{python}}", "-m", "tests.load.own"]

[processes.worker]
command = ["{{python}}", "-m", "tests.quality.right.small", "worker"]

[api]
ready = "/healthy"
headers = {{ X-Key = "${{OWN_KEY}}" }}

[send]
path = "/notes"
format = "form"
body = {{ Phone = "{{to}}", Note = "{{body}}" }}
accepted = [202]
id = {{ header = "Location", match = "[^/]+$" }}
status = ""

[look]
path = "/notes/{{id}}"

[messages]
recipients = {{ sms = ["+12065550101", "+12065550102"] }}
{more}

[queue]
streams = {{ sms = "texts" }}
dead = ""
field = "job"
message_id = "no"
group = "senders"
finish = "ack"

[database]
table = "outbound"
columns = {{ id = "no", status = "state", direction = "", provider_id = "carrier_ref", body = "words" }}

[statuses]
order = ["new", "working", "done"]
cycles = []
queued = "new"
sent = "done"
failed = "broken"
inbound = "heard"

[webhooks]
sms = {{ {hook} }}
email = {{ path = "" }}

[claims]
channels = ["sms"]
"""


NO_HOOK = 'path = ""'
HOOK = 'path = "/heard", signed = false, body = { who = "{from}", what = { text = "{body}" } }'


def own(folder: Path, *, limit: str = "inf", more: str = "", hook: str = NO_HOOK) -> str:
    profile = folder / "own.toml"
    profile.write_text(OWN.format(limit=limit, more=more, hook=hook), encoding="utf-8")
    return str(profile)


def requests(build: Path) -> dict[str, int]:
    """How often each request failed, by Locust's own table, which is written each second."""
    with (build / "locust_stats.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["Type"] not in ("", "stage")]
    return {row["Name"]: int(row["Failure Count"]) for row in rows}


def balanced(result: dict[str, Any]) -> tuple[int, int, int]:
    counts = result["account"]
    return counts["attempted"], counts["sent"], counts["lost"]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_KEY", KEY)


def test_a_stack_with_paths_bodies_and_words_of_its_own(tmp_path: Path) -> None:
    code, said, result = load(tmp_path / "build", "--profile", own(tmp_path), *RUN, "--rate", "20")
    assert code == 0, said
    assert balanced(result) == (60, 60, 0)
    assert result["plan"]["channels"] == {"api": ["sms"]}
    assert "without QueueUser: its rows can't be written beforehand" in said
    assert "without WebhookUser: the profile claims no webhooks" in said
    assert requests(tmp_path / "build") == {"send": 0}, "a redirect is no send of its own"
    assert result["stages"]["api: sent"]["count"] == 60, "the row is joined to its send by the id in the header"
    assert not result["unknown"]
    assert "sesame" not in (tmp_path / "build" / "history.jsonl").read_text(encoding="utf-8")


def test_a_stack_that_sends_texts_alone_is_sent_texts_alone(tmp_path: Path) -> None:
    profile = tmp_path / "small.toml"
    profile.write_text(small("small"), encoding="utf-8")
    code, said, result = load(tmp_path / "build", "--profile", str(profile), *RUN, "--rate", "10")
    assert code == 0, said
    assert balanced(result) == (30, 30, 0)
    assert "not accepted" not in said


def test_replies_come_in_the_names_of_the_stack(tmp_path: Path) -> None:
    profile = own(tmp_path, hook=HOOK)
    code, said, result = load(
        tmp_path / "build", "--profile", profile, *RUN, "--rate", "20", "--mix", "api=1,webhook=1"
    )
    assert code == 0, said
    counts = result["account"]
    assert counts["sent"] + counts["stored"] == counts["accepted"] == 60
    assert counts["stored"] == result["stages"]["webhook: stored"]["count"] > 10
    assert not result["not_accepted"]


def test_a_user_who_cannot_be_is_an_error_where_the_mix_names_it(tmp_path: Path) -> None:
    profile = own(tmp_path)
    for mix, words in (
        ("api=2,webhook=1", "error: no WebhookUser can send to this stack: the profile claims no webhooks; set"),
        ("api=2,queue=1", "error: no QueueUser can send to this stack: its rows can't be written beforehand"),
    ):
        code, said, _ = load(tmp_path / "build", "--profile", profile, *RUN, "--mix", mix)
        assert (code, said.count("\n")) == (3, 1), said
        assert said.startswith(words)
        assert said.endswith("or leave it out: --mix api=2\n")


def test_a_rate_limiter_is_told_as_one(tmp_path: Path) -> None:
    profile = own(tmp_path, limit="5")
    code, said, result = load(tmp_path / "build", "--profile", profile, *RUN, "--rate", "20")
    put_off = result["put_off"]["api"]
    assert code == 0, said
    assert put_off > 30, "at most 20 of 60 can come through"
    assert balanced(result) == (60, 60 - put_off, 0)
    assert f"put off, api: {put_off} answered 429, by a rate limiter: neither lost nor an error" in said
    assert not result["not_accepted"]
    assert requests(tmp_path / "build") == {"send": 0, "send: put off (429)": 0}


def test_the_profiles_pace_keeps_a_load_below_the_limiter(tmp_path: Path) -> None:
    profile = own(tmp_path, limit="5", more="\n[pace]\nper_second = 5")
    code, said, result = load(tmp_path / "build", "--profile", profile, *RUN, "--rate", "20")
    assert code == 0, said
    assert said.count("[pace] per_second = 5 bounds the load: 5 messages a second instead of 20, evenly spaced") == 1
    assert (balanced(result), result["put_off"]) == ((15, 15, 0), {})


def attached(folder: Path, *, api: str) -> str:
    """The same stack, of which nothing but the API can be reached."""
    head, _, tail = OWN.format(limit="inf", more="", hook=NO_HOOK).partition("[env]")
    head = head.replace('migrate = ["{python}", "-m", "tests.quality.right.small", "migrate"]', "")
    tail = tail[tail.index("[api]") :].replace("[api]", f'[deploy]\ndriver = "attached"\n\n[api]\nurl = "{api}"')
    profile = folder / "attached.toml"
    profile.write_text(head + tail, encoding="utf-8")
    return str(profile)


def test_what_nobody_sees_is_not_known_and_keeps_no_load_from_running(tmp_path: Path) -> None:
    here = read(Path(own(tmp_path)))
    with deployed(here, Options(build=tmp_path / "stack")) as stack:
        profile = attached(tmp_path, api=stack.driver.addresses.api)
        code, said, result = load(tmp_path / "build", "--profile", profile, *RUN, "--rate", "10")
    assert code == 2, said
    assert balanced(result) == (30, 30, 0)
    assert "UNKNOWN accounting: 30 accepted, 30 sent" in said
    assert [one["what"] for one in result["unknown"]] == ["queued", "called", "sent", "backlog"]
    assert "not known for sure, backlog: Redis can't be asked; to know: [queue] url" in said
    assert {sample["lag"] for sample in result["series"]["samples"]} == {None}
    assert result["drained_s"] < 30, "it waits for the messages, and not for a backlog that nobody counts"
