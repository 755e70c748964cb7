"""Mistakes in a profile: each is told in one line that says where it is, what is wrong, and what to write."""

# ruff: noqa: E501 - reason: each line that a user sees is compared whole

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ProfileError
from harness.profile import load

API = '[processes.api]\ncommand = ["x"]\n'
ATTACHED = '[deploy]\ndriver = "attached"\n[api]\nurl = "http://localhost:1"\n'

MISTAKES = [
    (
        'name = "x"\nname = "y"\n',
        "p.toml:2: column 11: this is not TOML: Cannot overwrite a value; it is said twice; leave one of them out",
    ),
    (
        "name = x\n",
        'p.toml:1: column 8: this is not TOML: Invalid value; a text stands in quotes: "…"',
    ),
    (
        "[api\n",
        "p.toml:1: column 5: this is not TOML: Expected ']' at the end of a table declaration; mend that line",
    ),
    (
        'name = "x\n',
        "p.toml:1: column 10: this is not TOML: Illegal character '\\n'; a text ends on its own line, with the quote that it began with",
    ),
    (
        '[api]\nurl = "a"\n[api]\n',
        "p.toml:3: column 5: this is not TOML: Cannot declare ('api',) twice; it is said twice; put their keys together",
    ),
    (
        'nmae = "x"\n',
        "p.toml:1: nmae: there is no such key; did you mean 'name'?",
    ),
    (
        API + '[quue]\nurl = "redis://x"\n',
        "p.toml:3: quue: there is no such key; did you mean 'queue'?",
    ),
    (
        '[process.api]\ncommand = ["x"]\n',
        "p.toml:1: process: there is no such key; did you mean 'processes'?",
    ),
    (
        API + '[api]\npath = "/x"\n',
        "p.toml:4: [api] path: there is no such key; it is one of [send], [look], [listing], [webhooks.sms], [webhooks.email], [conversations]",
    ),
    (
        API + '[queue]\nstreams = "jobs"\n',
        'p.toml:4: [queue] streams: write a table: { name = "…" }, such as streams = { sms = "jobs" }; got \'jobs\'',
    ),
    (
        API + '[queue]\nstreams = ["jobs"]\n',
        'p.toml:4: [queue] streams: write a table: { name = "…" }, such as streams = { sms = "jobs" }; got [\'jobs\']',
    ),
    (
        API + '[queue]\nfinish = "acked"\n',
        "p.toml:4: [queue] finish: write one of 'ack-delete', 'ack', 'delete', 'trim', 'pop' or 'none' (did you mean 'ack'?); got 'acked'",
    ),
    (
        API + '[queue]\nurl = "localhost:6379"\n',
        'p.toml:4: [queue] url: "localhost:6379" says nothing of how it is spoken to; write "redis://localhost:6379"',
    ),
    (
        API + '[queue]\nurl = "http://localhost:6379"\n',
        'p.toml:4: [queue] url: http:// isn\'t spoken there; known are redis://, rediss://, unix://; write "redis://127.0.0.1:6379/0"',
    ),
    (
        API + '[database]\nurl = "mysql://x/y"\n',
        'p.toml:4: [database] url: mysql:// isn\'t spoken there; known are postgresql://, postgres://, sqlite://; write "postgresql://user@127.0.0.1:5432/name"',
    ),
    (
        '[deploy]\ndriver = "attached"\n[api]\nurl = "127.0.0.1:80"\n',
        'p.toml:4: [api] url: "127.0.0.1:80" says nothing of how it is spoken to; write "http://127.0.0.1:80"',
    ),
    (
        '[deploy]\ndriver = "docker"\n' + API,
        "p.toml:2: [deploy] driver: write one of 'embedded', 'containers' or 'attached'; got 'docker'",
    ),
    (
        "[deploy]\nstart_within = 0\n" + API,
        "p.toml:2: [deploy] start_within: write a number above 0; got 0",
    ),
    (
        '[deploy]\nstart_within = "30s"\n' + API,
        "p.toml:2: [deploy] start_within: write a number; got '30s'",
    ),
    (
        "[deploy]\napi_port = 99999\n" + API,
        "p.toml:2: [deploy] api_port: write a number of at most 65535; got 99999",
    ),
    (
        "version = 3\n",
        "p.toml:1: version: write one of 1 or 2; got 3",
    ),
    (
        'version = "2"\n' + API,
        "p.toml:1: version: write one of 1 or 2; got '2'",
    ),
    (
        API + "[processes.api.env]\nA = 1\n",
        'p.toml:4: [processes.api.env] A: write a text: "…"; got 1',
    ),
    (
        '[processes.api]\ncommand = "python api.py"\n',
        'p.toml:2: [processes.api] command: write a list: ["python", "api.py"]; got \'python api.py\'',
    ),
    (
        "[processes.api]\ncommand = []\n",
        "p.toml:2: [processes.api] command: name at least one; got []",
    ),
    (
        '[processes.api]\ncomand = ["x"]\n',
        "p.toml:2: [processes.api] comand: there is no such key; did you mean 'command'?",
    ),
    (
        '[processes.api]\ncommand = ["x", 3]\n',
        'p.toml:2: [processes.api] command: write a text: "…", such as command = ["{python}", "worker.py"]; got 3',
    ),
    (
        '[processes]\napi = ["x"]\n',
        "p.toml:2: [processes] api: write a table: { … }, or its keys under a [header]; got ['x']",
    ),
    (
        API + "count = -1\n",
        "p.toml:3: [processes.api] count: write a number of at least 0; got -1",
    ),
    (
        API + "count = 1.5\n",
        "p.toml:3: [processes.api] count: write a whole number; got 1.5",
    ),
    (
        '[processes.API]\ncommand = ["x"]\n',
        "p.toml:1: [processes] API: 'API' is no name of processes; write small letters, digits, _ and -: \"mail-worker\"",
    ),
    (
        API + '[send]\npath = "notify"\n',
        'p.toml:4: [send] path: a path begins with "/": write "/notify"',
    ),
    (
        API + '[look]\npath = "notify/{id}"\n',
        'p.toml:4: [look] path: a path begins with "/": write "/notify/{id}"',
    ),
    (
        API + '[api]\nready = "ready"\n',
        'p.toml:4: [api] ready: a path begins with "/": write "/ready"',
    ),
    (
        API + '[conversations]\nmessages = "/c/messages"\n',
        'p.toml:4: [conversations] messages: no {id} in it, so every message is looked at alike; write "/c/messages/{id}"',
    ),
    (
        API + '[send]\nbody = { a = "{to}", b = "{bdoy}" }\n',
        "p.toml:4: [send] body: '{bdoy}' names {bdoy}; known here are {to}, {from}, {body}, {subject}, {html}, {attachments}, {metadata}, {token}, {type}, {channel}, {idempotency_key}, {now}",
    ),
    (
        API + '[send]\nbody = { a = "{to" }\n',
        "p.toml:4: [send] body: '{to': expected '}' before end of string; a brace of its own is written twice, {{ or }}",
    ),
    (
        API + '[send]\nbody = { a = "{to!r}" }\n',
        "p.toml:4: [send] body: '{to!r}': write {to} alone, without a format",
    ),
    (
        API + '[send]\nbody = { a = "x{attachments}" }\n',
        "p.toml:4: [send] body: 'x{attachments}': {attachments} is no text, so it stands alone",
    ),
    (
        API + '[send]\nbody = { a = "b" }\n',
        'p.toml:4: [send] body: every message would be the same: name {to} and {body} in it, such as { to = "{to}", text = "{body}" }',
    ),
    (
        API + "[send]\nbody = 3\n",
        'p.toml:4: [send] body: write a table: { name = "…" } or a list: ["…"] or a text: "…", such as body = { phone = "{to}", text = "{body}" }; got 3',
    ),
    (
        API + "[send]\naccepted = 202\n",
        "p.toml:4: [send] accepted: write a list: [202]; got 202",
    ),
    (
        API + "[send]\naccepted = [20]\n",
        "p.toml:4: [send] accepted: write a number of at least 100; got 20",
    ),
    (
        API + '[send.fax]\npath = "/x"\n',
        "p.toml:3: [send] fax: there is no such key; known here: path, method, headers, body, format, accepted, id, status, idempotency, sms, mms, email",
    ),
    (
        API + '[send]\nid = { header = "Location", match = "[" }\n',
        "p.toml:4: [send.id] match: this is no regular expression: unterminated character set at position 0",
    ),
    (
        API + "[send]\nid = 3\n",
        'p.toml:4: [send] id: write a text: "…" or a table: { … }, or its keys under a [header], such as id = "/data/id"; got 3',
    ),
    (
        API + "[send]\nheaders = { X-Key = 3 }\n",
        'p.toml:4: [send.headers] X-Key: write a text: "…"; got 3',
    ),
    (
        API + '[api]\nheaders = ["X"]\n',
        'p.toml:4: [api] headers: write a table: { name = "…" }, such as headers = { X-Api-Key = "${API_KEY}" }; got [\'X\']',
    ),
    (
        API + '[webhooks.sms]\nbody = { a = "{html}" }\n',
        "p.toml:4: [webhooks.sms] body: '{html}' names {html}; known here are {to}, {from}, {body}, {subject}, {attachments}, {provider_id}, {type}, {channel}, {now}",
    ),
    (
        API + '[webhooks]\nsms = "/hooks"\n',
        "p.toml:4: [webhooks] sms: write a table: { … }, or its keys under a [header]; got '/hooks'",
    ),
    (
        API + '[webhooks.mms]\npath = "/x"\n',
        "p.toml:3: [webhooks] mms: there is no such key; did you mean 'sms'?",
    ),
    (
        API + "[claims]\nchannels = []\n",
        "p.toml:4: [claims] channels: name at least one; got []",
    ),
    (
        API + '[claims]\nchannels = "sms"\n',
        "p.toml:4: [claims] channels: write a list: [\"sms\"]; got 'sms'",
    ),
    (
        API + "[claims]\nidempotncy = true\n",
        "p.toml:4: [claims] idempotncy: there is no such key; did you mean 'idempotency'?",
    ),
    (
        API + '[claims]\nidempotency = true\n[send]\nidempotency = ""\n',
        'p.toml:4: [claims] idempotency: it is claimed, and [send] idempotency = "": name the header',
    ),
    (
        API + '[claims]\ndead_letters = true\n[queue]\ndead = ""\n',
        'p.toml:4: [claims] dead_letters: it is claimed, and [queue] dead = "": name their stream',
    ),
    (
        API + "[claims]\nwebhooks = false\ndelivery_reports = true\n",
        "p.toml:5: [claims] delivery_reports: it is claimed, and webhooks = false: there are no delivery reports without; leave one of them out",
    ),
    (
        API + "[statuses]\nsent = true\n",
        'p.toml:4: [statuses] sent: True is no status; write a word, a number, or a list of them: ["NEW", "QUEUED"]',
    ),
    (
        API + '[statuses]\norder = "pending"\n',
        "p.toml:4: [statuses] order: write a list: [\"pending\"]; got 'pending'",
    ),
    (
        API + '[statuses]\norder = ["NEW", "DONE"]\nqueued = "NEW"\nsent = "SENT"\n',
        "p.toml:6: [statuses] sent: 'SENT' stands nowhere in order; put it there, or leave order out",
    ),
    (
        API + '[statuses]\nsend = "x"\n',
        "p.toml:4: [statuses] send: there is no such key; did you mean 'sent'?",
    ),
    (
        API + "[statuses]\nsent = { row = [] }\n",
        'p.toml:4: [statuses] sent: [] is no status; write a word, a number, or a list of them: ["NEW", "QUEUED"]',
    ),
    (
        API + "[messages]\nlongest = { sms = 10 }\n",
        "p.toml:4: [messages.longest] sms: write a number of at least 40; got 10",
    ),
    (
        API + '[messages]\nrecipients = { sms = "+1" }\n',
        "p.toml:4: [messages.recipients] sms: write a list: [\"+1\"]; got '+1'",
    ),
    (
        API + '[messages]\nfooter = { smx = "x" }\n',
        "p.toml:4: [messages.footer] smx: write one of 'sms', 'mms' or 'email' (did you mean 'sms'?); got 'smx'",
    ),
    (
        API + '[messages]\nfooter = { sms = "x" }\nchanges = ["sms"]\n',
        "p.toml:4: [messages] footer: sms has a footer and is said to change; say one of them",
    ),
    (
        API + "[retries]\nstatuses = [200]\n",
        "p.toml:4: [retries] statuses: write a number of at least 400; got 200",
    ),
    (
        API + "[retries]\nattempts = 1\n",
        "p.toml:4: [retries] attempts: write a number of at least 2; got 1",
    ),
    (
        API + "[pace]\nper_second = -1\n",
        "p.toml:4: [pace] per_second: write a number of at least 0; got -1",
    ),
    (
        API + "[waits]\nwithin = 0\n",
        "p.toml:4: [waits] within: write a number above 0; got 0",
    ),
    (
        API + '[policy]\ndelivery = "exactly-once"\n',
        "p.toml:4: [policy] delivery: write one of 'at-least-once' or 'effectively-once' (did you mean 'effectively-once'?); got 'exactly-once'",
    ),
    (
        API + "[images]\nredis = []\n",
        "p.toml:4: [images] redis: name at least one; got []",
    ),
    (
        API + '[providers]\nurl = "localhost:4010"\n',
        'p.toml:4: [providers] url: "localhost:4010" says nothing of how it is spoken to; write "http://localhost:4010"',
    ),
    (
        API + '[providers]\naccounts = "AC"\n',
        'p.toml:4: [providers] accounts: write a table: { … }, or its keys under a [header], such as accounts = { twilio = "AC00000000000000000000000000000001", sendgrid = "app" }; got \'AC\'',
    ),
    (
        API + '[providers]\nobserve = "mocks"\n',
        "p.toml:4: [providers] observe: write one of 'mock' or 'none' (did you mean 'mock'?); got 'mocks'",
    ),
    (
        API + '[providers]\ntwilio_account = "AC1"\n[providers.accounts]\ntwilio = "AC2"\n',
        "p.toml:4: [providers] twilio_account: [providers.accounts] twilio says the same; leave one of them out",
    ),
    (
        API + '[env]\nA = "${NOPE}"\n',
        "p.toml:4: [env] A: ${NOPE} is named, but the environment has no NOPE; export it",
    ),
    (
        API + "[database]\ntable = 3\n",
        'p.toml:4: [database] table: write a text: "…", such as table = "notifications"; got 3',
    ),
    (
        API + '[database]\ncolums = { id = "x" }\n',
        "p.toml:4: [database] colums: there is no such key; did you mean 'columns'?",
    ),
    (
        '[deploy]\ndriver = "attached"\n[api]\nurl = "http://x"\n[queue]\nobserve = "wire"\n',
        'p.toml:6: [queue] observe: "wire" needs a stack that we deploy; an attached one is seen by "monitor", so write that, or "auto"',
    ),
    (
        API + '[[send]]\npath = "/x"\n',
        "p.toml:3: send: there is one such table, so it stands in single brackets: [send]; got [{'path': '/x'}]",
    ),
    (
        'migrate = "python migrate.py"\n' + API,
        'p.toml:1: migrate: write a list: ["python", "migrate.py"]; got \'python migrate.py\'',
    ),
    (
        "env = { A = true }\n" + API,
        'p.toml:1: [env] A: write a text: "…"; got True',
    ),
    (
        API + '[api]\nurl = "http://x"\n[api.headers]\nX-Key = "${NO_SUCH}"\n',
        "p.toml:6: [api.headers] X-Key: ${NO_SUCH} is named, but the environment has no NO_SUCH; export it",
    ),
    (
        API + '[queue]\nkind = "kafka"\n',
        "p.toml:4: [queue] kind: write one of 'stream', 'list', 'sorted-set', 'pubsub', 'none', 'celery', 'rq', 'arq', 'taskiq', 'taskiq-stream', 'dramatiq' or 'bullmq'; got 'kafka'",
    ),
    (
        API + '[queue]\nkind = "Celery"\n',
        "p.toml:4: [queue] kind: write one of 'stream', 'list', 'sorted-set', 'pubsub', 'none', 'celery', 'rq', 'arq', 'taskiq', 'taskiq-stream', 'dramatiq' or 'bullmq' (did you mean 'celery'?); got 'Celery'",
    ),
    (
        API + '[queue]\nkind = "list"\nencoding = "xml"\n',
        "p.toml:5: [queue] encoding: 'xml' is no encoding; known are base64, zlib, json, msgpack, pickle, celery, rq, arq, taskiq, dramatiq, joined by '+'",
    ),
    (
        API + '[queue]\nkind = "list"\nkeys = "jobs"\n',
        'p.toml:5: [queue] keys: write a table: { name = "…" }, such as keys = { sms = "mail" }; got \'jobs\'',
    ),
    (
        API + '[queue]\nkind = "celery"\ngroup = "workers"\n',
        'p.toml:5: [queue] group: only a stream has groups, and kind = "celery" is none; leave it out',
    ),
    (
        API + '[queue]\nkind = "list"\nfinish = "trim"\n',
        'p.toml:5: [queue] finish: only a stream is trimmed; of a list write "ack", "delete" or "pop"',
    ),
    (
        API + '[queue]\nkind="list"\nkeys = { sms = "jobs" }\nstreams = { sms = "x" }\n',
        "p.toml:6: [queue] streams: keys says the same; leave one of them out",
    ),
    (
        API + '[queue]\nkind="list"\n',
        'p.toml:4: [queue] kind: nobody knows what the list is called; write keys = { sms = "jobs" } beside it',
    ),
    (
        API + '[queue]\nkind="rq"\nkeys = { smx = "mail" }\n',
        "p.toml:5: [queue.keys] smx: there is no channel of this name; did you mean 'sms'?",
    ),
    (
        API + '[processes.worker]\ncommand = ["{pyhton}", "x"]\n',
        "p.toml:4: [processes.worker] command: it names {pyhton}, which nobody fills in; did you mean {python}? (a brace of its own is written twice: {{)",
    ),
    (
        'env = { A = "{redis_ulr}" }\n' + API,
        "p.toml:1: [env] A: it names {redis_ulr}, which nobody fills in; did you mean {redis_url}? (a brace of its own is written twice: {{)",
    ),
    (
        API + 'ready = { path = "/x", port = 3 }\n',
        'p.toml:3: [processes.api] ready: it says path and port; say one of path, port, log, consumer: { log = "listening on" }',
    ),
    (
        API + "ready = {}\n",
        'p.toml:3: [processes.api] ready: it says nothing; say one of path, port, log, consumer: { log = "listening on" }',
    ),
    (
        API + 'ready = "/healthz"\n',
        "p.toml:3: [processes.api] ready: write a table: { … }, or its keys under a [header], such as ready = { log = \"listening on\" }; got '/healthz'",
    ),
    (
        API + 'stop = "SIGFOO"\n',
        'p.toml:3: [processes.api] stop: \'SIGFOO\' is no signal; write "SIGTERM", "SIGINT" …, or a command: ["…"]',
    ),
    (
        API + '[processes.Worker]\ncommand=["x"]\n',
        "p.toml:3: [processes] Worker: 'Worker' is no name of processes; write small letters, digits, _ and -: \"mail-worker\"",
    ),
    (
        API + 'pid_file = "/x"\nmatch = "y"\n',
        "p.toml:4: [processes.api] match: pid_file says already which process it is; leave one of them out",
    ),
    (
        API + 'match = "("\n',
        "p.toml:3: [processes.api] match: '(' is no regular expression: missing ), unterminated subpattern at position 0",
    ),
    (
        API + 'hold = ["x"]\n',
        'p.toml:3: [processes.api] hold: it needs release = ["…"] beside it, the command that does the opposite',
    ),
    (
        API + 'role = "worker"\n',
        'p.toml:1: [processes] api: it is missing, and driver = "embedded" starts the stack itself; say its command, or set [deploy] driver = "attached"',
    ),
    (
        API + '[database]\nkind = "mysql"\n',
        "p.toml:4: [database] kind: write one of 'postgres', 'sqlite' or 'none'; got 'mysql'",
    ),
    (
        API + '[database]\nkind = "none"\nurl = "postgresql://u@h/d"\n',
        'p.toml:4: [database] kind: it is "none", and url says where to look; leave one of them out',
    ),
    (
        API + '[database]\nurl = "sqlite://"\n',
        'p.toml:4: [database] url: it names no file; write "sqlite:///relative.db" or "sqlite:////absolute.db"',
    ),
    (
        API + '[database]\ncolumns = { id = "x", stauts = "y" }\n',
        "p.toml:4: [database.columns] stauts: there is no such key; did you mean 'status'?",
    ),
    (
        API + '[database]\nid = "x"\ncolumns = { id = "y" }\n',
        "p.toml:4: [database] id: [database.columns] id says the same; leave one of them out",
    ),
    (
        'version = 2\n[processes.api]\ncommand = ["x"]\n[database]\nid = "x"\n',
        "p.toml:5: [database] id: in version 2 this is [database.columns] id; write that, or leave version = 2 out",
    ),
    (
        API + '[database]\ncolumns = ["id"]\n',
        'p.toml:4: [database] columns: write a table: { … }, or its keys under a [header], such as columns = { id = "job_id", status = "state", provider_id = "sid", body = "text", direction = "" }; got [\'id\']',
    ),
    (
        API + '[webhooks.sms]\nbody = { a = "{from}" }\nformat = "xml"\n',
        "p.toml:5: [webhooks.sms] format: write one of 'json' or 'form'; got 'xml'",
    ),
    (
        API + '[webhooks.sms]\npath = "hooks"\n',
        'p.toml:4: [webhooks.sms] path: a path begins with "/": write "/hooks"',
    ),
    (
        API + "[webhooks.sms]\nrefuses = 403\n",
        "p.toml:4: [webhooks.sms] refuses: write a list: [403]; got 403",
    ),
    (
        API + '[webhooks.sms]\nsigned = "never"\n',
        "p.toml:4: [webhooks.sms] signed: write true or false; got 'never'",
    ),
    (
        '[deploy]\ndriver = "attached"\n[api]\nurl = "http://x"\n[processes.worker]\nhold = ["x"]\n',
        'p.toml:6: [processes.worker] hold: it needs release = ["…"] beside it, the command that does the opposite',
    ),
    (
        API + '[statuses]\nqueued = "a"\nsent = "a"\n',
        "p.toml:5: [statuses] sent: 'a' is named for two steps, queued too; each word belongs to one",
    ),
    (
        API + "[statuses]\nsent = 1.5\n",
        'p.toml:4: [statuses] sent: 1.5 is no status; write a word, a number, or a list of them: ["NEW", "QUEUED"]',
    ),
    (
        API + '[send]\nmethod = "post"\n',
        "p.toml:4: [send] method: write one of 'GET', 'POST', 'PUT' or 'PATCH'; got 'post'",
    ),
]


@pytest.mark.parametrize(("text", "line"), MISTAKES)
def test_a_mistake_is_told_in_one_line(text: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError) as refused:
        load(Path("p.toml"), environ={})
    assert str(refused.value) == line


def test_there_are_forty_of_them() -> None:
    assert len({line for _, line in MISTAKES}) >= 40
    assert not [line for _, line in MISTAKES if "\n" in line]
