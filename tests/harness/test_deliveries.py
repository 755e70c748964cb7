"""What the mocks deliver to a stack whose profile says its own way: which body, where to, signed or not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from harness.errors import ProfileError
from harness.history import History
from harness.profile import Profile, Webhook, parse
from harness.scenario.deliveries import Destinations, new_id, reply_wish, report_wish
from harness.scenario.providers import ProviderControl

ACCOUNT, AUTH, KEY = "AC" + "7" * 32, "token-of-these-tests", "SG.of.these-tests"


def profile(**webhooks: Any) -> Profile:
    table = {"deploy": {"driver": "attached"}, "api": {"url": "http://127.0.0.1:1"}, "webhooks": webhooks}
    return parse(table, source="test.toml", environ={})


def test_what_says_nothing_is_the_vendors_way() -> None:
    assert reply_wish(Webhook(path="/x"), channel="sms", values={"from": "a"}) == {}
    assert report_wish(Webhook(path="/x"), channel="sms", provider_id="SM1", status="delivered", error=None) == {}


def test_a_reply_in_the_stacks_own_names() -> None:
    body = {"from": "{from}", "meta": {"id": "{provider_id}"}, "text": "<{body}>", "media": "{attachments}", "v": 2}
    values = {"from": "+1", "body": "{to} 100%", "provider_id": "SM1", "attachments": ["u"]}
    wish = reply_wish(Webhook(path="/x", body=body, signed=False), channel="sms", values=values)
    own = {"from": "+1", "meta": {"id": "SM1"}, "text": "<{to} 100%>", "media": ["u"], "v": 2}
    assert wish == {"as": {"format": "json", "body": own}, "signature": "missing"}


def test_what_a_reply_has_not_got_is_left_out() -> None:
    body = {"from": "{from}", "media": "{attachments}", "kind": "{type}"}
    wish = reply_wish(Webhook(body=body, format="form"), channel="sms", values={"from": "+1", "type": "sms"})
    assert wish == {"as": {"format": "form", "body": {"from": "+1", "kind": "sms"}}}


def test_a_report_in_the_stacks_own_words() -> None:
    body = {"id": "{provider_id}", "state": "{status}", "code": "{error}", "at": "{now}"}
    hook = Webhook(report_body=body, report_words={"delivered": "DELIVRD"})
    [good, bad] = (
        report_wish(hook, channel="sms", provider_id="SM1", status=status, error=error)["as"]["body"]
        for status, error in (("delivered", None), ("undelivered", 30003))
    )
    assert (good["id"], good["state"], "code" in good) == ("SM1", "DELIVRD", False)
    assert (bad["state"], bad["code"]) == ("undelivered", 30003)
    assert "T" in good["at"]


def test_a_mails_form_is_never_told_how_to_sign() -> None:
    assert reply_wish(Webhook(signed=False), channel="email", values={}) == {}
    own = reply_wish(Webhook(signed=False, body={"m": "{body}"}), channel="email", values={"body": "b"})
    assert own == {"as": {"format": "json", "body": {"m": "b"}}, "signature": "missing"}


@pytest.mark.parametrize(
    ("said", "configured", "expected"),
    [
        ({}, "http://inside:8080/a?token=t", None),
        ({}, None, "http://here:1/api/v1/webhooks/twilio"),
        ({"path": "/b"}, "http://inside:8080/a?token=t", "http://inside:8080/b"),
        ({"path": "/a"}, "http://inside:8080/a?token=t", None),
        ({"path": "/a?key=k"}, "http://inside:8080/a", "http://inside:8080/a?key=k"),
        ({"path": "/b"}, "http://[redacted]@inside:8080/a", "http://here:1/b"),
        ({"path": "/b"}, None, "http://here:1/b"),
        ({"signed": False}, "http://inside:8080/a", None),
    ],
)
def test_where_a_reply_goes(said: dict[str, Any], configured: str | None, expected: str | None) -> None:
    own = profile(sms=said)
    asked: list[str] = []

    def settings(account: str) -> dict[str, Any]:
        asked.append(account)
        return {"inbound_url": configured}

    where = Destinations(
        webhooks=own.webhooks,
        api="http://here:1/",
        settings=settings,
        said=frozenset({"sms"} if "path" in said else ()),
    )
    assert [where.of_reply("sms", "twilio/AC1").get("url") for _ in range(2)] == [expected, expected]
    assert asked == ["twilio/AC1"]


@pytest.mark.parametrize(
    ("channel", "said", "configured", "expected"),
    [
        # a text's provider was told in its call
        ("sms", {"path": "/b"}, "http://inside/a", None),
        ("sms", {"path": "/b", "reports": "/r"}, "http://inside/a", "http://inside/r"),
        (
            "sms",
            {"path": "/b", "report_body": {"i": "{provider_id}", "s": "{status}"}},
            "http://inside/a",
            "http://inside/b",
        ),
        ("sms", {"path": "/a", "report_body": {"i": "{provider_id}", "s": "{status}"}}, None, "http://here:1/a"),
        ("email", {}, "http://inside/a", None),
        ("email", {"reports": "/r"}, "http://inside/a", "http://inside/r"),
        ("email", {"path": "/b"}, "http://inside/a", "http://inside/b"),
        ("email", {}, None, "http://here:1/api/v1/webhooks/sendgrid"),
    ],
)
def test_where_a_report_goes(channel: Any, said: dict[str, Any], configured: str | None, expected: str | None) -> None:
    own = profile(**{channel: said})
    where = Destinations(
        webhooks=own.webhooks,
        api="http://here:1",
        settings=lambda _: {"inbound_url": configured, "event_webhook_url": configured},
        said=frozenset({channel} if "path" in said else ()),
    )
    assert where.of_report(channel, "an/account").get("url") == expected


def test_a_report_that_is_at_the_path_already_needs_no_address() -> None:
    own = profile(sms={"path": "/a", "report_body": {"i": "{provider_id}", "s": "{status}"}})
    where = Destinations(webhooks=own.webhooks, api=None, settings=lambda _: {"inbound_url": "http://inside/x"})
    assert where.of_report("sms", "twilio/AC1") == {"url": "http://inside/a"}


def test_ids_are_such_as_the_providers_make() -> None:
    assert new_id("sms").startswith("SM")
    assert new_id("sms", pictures=True).startswith("MM")
    assert len(new_id("sms")) == 34
    assert new_id("email").startswith("<")
    assert new_id("email") != new_id("email")


# against real mocks, and a real receiver


@dataclass
class Receiver:
    url: str
    got: Queue[tuple[str, dict[str, str], bytes]] = field(default_factory=Queue)

    def next(self) -> tuple[str, dict[str, str], bytes]:
        return self.got.get(timeout=10)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.put((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def mocks(tmp_path: Path) -> Iterator[str]:
    """A server whose accounts know of no webhook."""
    config = tmp_path / "mocks.toml"
    config.write_text(
        f'[[twilio]]\naccount_sid = "{ACCOUNT}"\nauth_token = "{AUTH}"\nlifecycle = "manual"\n'
        f'[[sendgrid]]\napi_key = "{KEY}"\nname = "mail"\nlifecycle = "manual"\n'
    )
    command = [sys.executable, "-m", "mock_providers", "serve", "--port", "0", "--announce", "-", "--config", config]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        process.kill()


@pytest.fixture
def control_of(mocks: str, receiver: Receiver) -> Iterator[Callable[..., ProviderControl]]:
    made: list[ProviderControl] = []

    def make(**webhooks: Any) -> ProviderControl:
        more = {"profile": profile(**webhooks), "api": receiver.url}
        made.append(ProviderControl(History(), url=mocks, twilio_account=ACCOUNT, sendgrid_account="mail", **more))
        return made[-1]

    yield make
    for control in made:
        control.close()


SMS = {
    "path": "/hooks/texts",
    "reports": "/hooks/reports",
    "signed": False,
    "body": {"from": "{from}", "messaging_provider_id": "{provider_id}", "type": "{type}", "body": "{body}"},
    "report_body": {"id": "{provider_id}", "status": "{status}"},
}
EMAIL = {
    "path": "/hooks/mails",
    "body": [{"sender": "{from}", "subject": "{subject}", "id": "{provider_id}"}],
    "report_body": [{"id": "{provider_id}", "event": "{status}"}],
}


def test_replies_and_reports_of_texts(
    control_of: Callable[..., ProviderControl], receiver: Receiver, mocks: str
) -> None:
    control = control_of(sms=SMS)
    reply = {"sender": "+12065550100", "to": "+12025550123", "body": "hi"}
    done = control.inbound_sms(**reply)
    control.inbound_sms(**reply, sid=done["sid"], media=["https://example.com/a.png"])
    for kind in ("sms", "mms"):
        path, headers, body = receiver.next()
        expected = {"from": "+12065550100", "messaging_provider_id": done["sid"], "type": kind, "body": "hi"}
        assert (path, json.loads(body)) == ("/hooks/texts", expected)
        assert "x-twilio-signature" not in headers
    send = f"{mocks}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    form = {"To": "+12065550100", "From": "+12025550123", "Body": "hello"}
    sid = httpx.post(send, data=form, auth=(ACCOUNT, AUTH), trust_env=False).json()["sid"]
    assert control.report("sms", sid, "delivered")["status"] == 200
    path, _, body = receiver.next()
    assert (path, json.loads(body)) == ("/hooks/reports", {"id": sid, "status": "delivered"})


def test_a_spoilt_signature_is_asked_for_where_the_stack_checks_them(
    control_of: Callable[..., ProviderControl], receiver: Receiver
) -> None:
    control = control_of(sms={**SMS, "signed": True})
    reply = {"sender": "+12065550100", "to": "+12025550123", "body": "hi"}
    control.inbound_sms(**reply, signature="missing")
    assert "x-twilio-signature" not in receiver.next()[1]
    control.inbound_sms(**reply)
    path, headers, _ = receiver.next()
    assert "x-twilio-signature" in headers
    assert path.startswith("/hooks/texts?bodySHA256=")


def test_the_vendors_form_goes_where_the_profile_says(
    control_of: Callable[..., ProviderControl], receiver: Receiver
) -> None:
    control_of(sms={"path": "/sms"}).inbound_sms(sender="+12065550100", to="+12025550123", body="hi")
    path, headers, body = receiver.next()
    assert (path, parse_qs(body.decode())["Body"]) == ("/sms", ["hi"])
    assert "x-twilio-signature" in headers


def test_replies_and_events_of_mails(
    control_of: Callable[..., ProviderControl], receiver: Receiver, mocks: str
) -> None:
    control = control_of(email=EMAIL)
    mail = {"sender": "a@example.com", "to": "b@example.com", "subject": "Re", "text": "hi"}
    done = control.inbound_email(**mail)
    again = control.inbound_email(**mail, headers={"Message-ID": done["message_id"]})
    assert again["message_id"] == done["message_id"]
    for _ in range(2):
        path, _, body = receiver.next()
        assert path == "/hooks/mails"
        assert json.loads(body) == [{"sender": "a@example.com", "subject": "Re", "id": done["message_id"]}]
    payload = {
        "personalizations": [{"to": [{"email": "to@example.com"}]}],
        "from": {"email": "from@example.com"},
        "subject": "S",
        "content": [{"type": "text/plain", "value": "T"}],
    }
    authorization = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{mocks}/v3/mail/send", json=payload, headers=authorization, trust_env=False)
    message = answer.headers["x-message-id"]
    assert control.report("email", message, "bounce")["status"] == 200
    path, headers, body = receiver.next()
    assert (path, json.loads(body)) == ("/hooks/mails", [{"id": message, "event": "bounce"}])
    assert "x-twilio-email-event-webhook-signature" in headers


@pytest.mark.parametrize(
    ("webhooks", "said"),
    [
        ({"sms": {"body": {"a": "{nobody}"}}}, "{nobody}"),
        ({"sms": {"report_body": {"a": "{body}"}}}, "{body}"),
        ({"sms": {"body": {"a": {"b": "{to}"}}, "format": "form"}}, "a form needs"),
        ({"sms": {"refuses": [200]}}, "refuses"),
    ],
)
def test_what_a_webhook_can_not_be(webhooks: dict[str, Any], said: str) -> None:
    with pytest.raises(ProfileError, match=re.escape(said)):
        profile(**webhooks)
