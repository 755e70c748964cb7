"""The API's answers, good and bad."""

from __future__ import annotations

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from stack_deployment import Deployment
from stack_support import DEADLINE_S, Process

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def api(stack: Deployment) -> Process:
    return stack.api()


def test_pages(served: Deployment) -> None:
    ids = [served.send(to=f"+1206555010{n}") for n in range(3)]
    first = served.http.get("/api/v1/messages/", params={"limit": 2}).json()
    rest = served.http.get("/api/v1/messages", params={"limit": 2, "offset": 2}).json()
    assert (first["total"], first["limit"], first["offset"], rest["offset"]) == (3, 2, 0, 2)
    assert [message["id"] for message in first["messages"] + rest["messages"]] == ids[::-1]

    conversations = served.http.get("/api/v1/conversations/").json()
    assert conversations["total"] == 3
    newest = conversations["conversations"][0]
    assert newest["participants"] == ["+12065550100", "+12065550102"]
    assert served.http.get(f"/api/v1/conversations/{newest['id']}").json() == newest
    inside = served.http.get(f"/api/v1/conversations/{newest['id']}/messages").json()
    assert [message["id"] for message in inside["messages"]] == [ids[2]]
    assert inside["total"] == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/webhooks/twilio", 405),
        ("DELETE", "/api/v1/messages/send", 405),
        ("GET", f"/api/v1/messages/{NOBODY}", 404),
        ("GET", "/api/v1/messages/not-a-uuid", 422),
        ("GET", "/api/v1/messages/?limit=0", 422),
        ("GET", "/api/v1/messages/?limit=x", 422),
        ("GET", "/api/v1/messages/?offset=99999999999999999999", 422),
        ("GET", f"/api/v1/conversations/{NOBODY}", 404),
        ("GET", f"/api/v1/conversations/{NOBODY}/messages", 404),
        ("GET", "/api/v1/conversations/x", 422),
    ],
)
def test_what_isnt_there(served: Deployment, method: str, path: str, status: int) -> None:
    answer = served.http.request(method, path)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_bad_bodies_are_422(served: Deployment) -> None:
    deep = b'{"metadata":' * 3000 + b"{}" + b"}" * 3000
    bodies = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'"\\ud800"',
        deep,
        b'{"from": "\\ud800", "\\ud800": 1}',
        b'{"type": "sms", "to": NaN}',
    ]
    for body in bodies:
        answer = served.http.post("/api/v1/messages/send", content=body)
        assert answer.status_code == 422, (body, answer.text)
        for found in answer.json()["detail"]:
            assert found["loc"]
            assert found["msg"]
    for changes in ({"body": "a\0b"}, {"to": "5"}, {"metadata": {"x": "\0"}}):
        answer = served.post(changes)
        assert answer.status_code == 422
        assert "input" not in answer.json()["detail"][0]
    assert served.database.value("SELECT count(*) FROM messages") == 0


def test_a_body_too_large_is_413(served: Deployment) -> None:
    big = b" " * (600 * 1024)
    assert served.http.post("/api/v1/messages/send", content=big).status_code == 413
    chunks = iter([big[:1000]] * 700)
    assert served.http.post("/api/v1/messages/send", content=chunks).status_code == 413


def test_an_idempotency_key_gives_one_message(served: Deployment) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again = served.post(headers=headers), served.post(headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = served.post({"body": "other"}, headers=headers)
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["detail"][0]["loc"]
    assert served.post(headers={"Idempotency-Key": "k" * 256}).status_code == 422
    assert served.valkey.lengths()["sms"] == 1


def test_an_idempotency_key_used_at_once_gives_one_message(served: Deployment) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: served.post(headers={"Idempotency-Key": "race"}), range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert served.valkey.lengths()["sms"] == 1


def test_concurrent_first_messages_of_a_pair_make_one_conversation(served: Deployment) -> None:
    pairs = [("+12065550100", "+12065550199"), ("+12065550199", "+12065550100")] * 10
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda one: served.post({"from": one[0], "to": one[1]}), pairs))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["conversation_id"] for answer in answers}) == 1


@pytest.mark.usefixtures("api")
def test_it_tells_how_it_is(stack: Deployment) -> None:
    assert stack.http.get("/health").json() == {"status": "ok"}
    assert stack.http.get("/ready").json() == {"status": "ready", "database": "ok", "redis": "ok"}
    stack.send()
    text = stack.http.get("/metrics").text
    assert 'messages_accepted_total{type="sms"} 1.0' in text
    assert 'queue_length{stream="message_queue:sms"} 1.0' in text
    assert "outbox_depth 0.0" in text
    stack.valkey.kill()
    answer = stack.http.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["database"] == "ok"
    assert answer.json()["redis"] != "ok"
    assert 'queue_length{stream="message_queue:sms"} NaN' in stack.http.get("/metrics").text
    stack.valkey.start()


def test_the_documented_schema_is_served(served: Deployment) -> None:
    schema = served.http.get("/openapi.json").json()
    assert "requestBody" in schema["paths"]["/api/v1/messages/send"]["post"]


def test_a_lost_database_is_a_503_and_then_mended(stack: Deployment, api: Process) -> None:
    stack.send()
    stack.database.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'messaging-api'"
    )
    stack.until(lambda: api.logged("lost touch") or stack.post().status_code == 201)
    message_id = stack.until(lambda: (answer := stack.post()).status_code == 201 and answer.json()["id"])
    stack.until(lambda: any(message_id in entry["data"] for _, entry in stack.valkey.entries("sms")))
    stack.until(lambda: not stack.database.value("SELECT count(*) FROM outbox"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once(stack: Deployment, api: Process, number: signal.Signals) -> None:
    stack.send()
    api.signal(number)
    assert api.child.wait(5) is not None
    assert not any("Traceback" in line for line in api.lines)


def test_it_stops_though_redis_hangs(stack: Deployment, api: Process) -> None:
    stack.valkey.kill()
    stack.send()
    stack.until(lambda: api.logged("not queued yet"))
    stack.valkey.start()
    assert stack.valkey._server
    stack.valkey._server.signal(signal.SIGSTOP)
    api.signal(signal.SIGTERM)
    try:
        assert api.child.wait(8) == 0
    finally:
        stack.valkey._server.signal(signal.SIGCONT)


def test_a_port_in_use_is_one_line(stack: Deployment, api: Process) -> None:
    second = stack.start("api")
    assert second.join() == 3
    assert second.lines[-1].startswith(
        f"messaging-stack: can't listen on 127.0.0.1:{stack.port}: Address already in use"
    )
    assert len(second.lines) == 1


@pytest.mark.parametrize(
    ("what", "env", "says"),
    [
        ("api", {"PORT": "many"}, "bad settings: PORT: "),
        ("worker", {"TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN not set"),
        ("api", {"POSTGRES_DB": "nonesuch"}, 'database "nonesuch" does not exist; check POSTGRES_*'),
        ("migrate", {"POSTGRES_DB": "nonesuch"}, "can't migrate nonesuch at"),
        ("migrate", {"POSTGRES_PORT": "9"}, "can't migrate"),
        ("api", {"SENDGRID_WEBHOOK_PUBLIC_KEY": "nonsense"}, "SENDGRID_WEBHOOK_PUBLIC_KEY is no base64"),
    ],
)
def test_bad_settings_are_one_line_and_exit_code_3(
    stack: Deployment, what: str, env: dict[str, str], says: str
) -> None:
    process = stack.start(what, **env)
    assert process.join() == 3, process.lines
    assert not any("Traceback" in line for line in process.lines), process.lines
    [line] = [line for line in process.lines if line.startswith("messaging-stack: ")]
    assert says in line


def test_migrating_twice_at_once_is_safe(stack: Deployment) -> None:
    stack.database.server.execute("CREATE DATABASE bare")
    both = [stack.start("migrate", POSTGRES_DB="bare") for _ in range(2)]
    assert [one.join() for one in both] == [0, 0], [one.lines for one in both]
    stack.database.server.execute("DROP DATABASE bare WITH (FORCE)")


def test_the_synchronous_mode_answers_sent_and_queues_nothing(stack: Deployment) -> None:
    stack.api(SYNC_MESSAGE_PROCESSING="true")
    answer: dict[str, Any] = stack.post(headers={"Idempotency-Key": "k"}).json()
    assert answer["status"] == "sent"
    assert answer["provider_message_id"]
    assert stack.post(headers={"Idempotency-Key": "k"}).json()["id"] == answer["id"]
    assert sum(stack.valkey.lengths().values()) == 0
    assert len(stack.providers.calls) == 1


def test_a_slow_queue_delays_one_answer_only(stack: Deployment, api: Process) -> None:
    """Redis stops answering: sends wait for it (and are not repeated), everything else goes on."""
    assert stack.valkey._server
    stack.valkey._server.signal(signal.SIGSTOP)
    answers: list[int] = []
    sending = threading.Thread(target=lambda: answers.append(stack.post().status_code))
    sending.start()
    stack.until(lambda: stack.database.value("SELECT count(*) FROM messages") == 1)
    for _ in range(5):
        assert stack.http.get("/api/v1/messages/").json()["total"] == 1
    assert answers == []
    stack.valkey._server.signal(signal.SIGCONT)
    sending.join(DEADLINE_S)
    assert answers == [201]
    assert stack.valkey.lengths()["sms"] == 1
    assert not api.logged("relayed")


def test_logs_are_json_and_tell_no_secrets(stack: Deployment, api: Process) -> None:
    message_id = stack.send(body="a secret body")
    worker = stack.worker()
    stack.until(lambda: worker.logged(f"Successfully processed message: {message_id}"))
    lines = [json.loads(line) for line in [*api.lines, *worker.lines]]
    assert all({"event", "level", "timestamp", "process"} <= line.keys() for line in lines)
    assert worker.logged("Message sent via Twilio")[0]["message_id"] == message_id
    assert worker.logged("Message sent successfully")
    assert worker.logged("Joined consumer group 'workers'")
    everything = "\n".join([*api.lines, *worker.lines])
    for secret in ("a secret body", "twilio-token-for-tests", "SG.key-for-tests"):
        assert secret not in everything
