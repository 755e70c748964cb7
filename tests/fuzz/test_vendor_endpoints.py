"""The vendors' endpoints under forms, JSON, headers and raw bytes of every kind: no 5xx, no hang."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from target import ANSWER_WITHIN_S, Target, anything

ROUND = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)

values = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["+15552340001", "+15005550006", "http://127.0.0.1:9/", "", "MG" + "0" * 32, "fixed", "9" * 400]),
    st.datetimes().map(lambda moment: moment.isoformat()),
)
JSON = {"content-type": "application/json"}
PARAMS = (
    "To", "From", "Body", "MediaUrl", "StatusCallback", "MessagingServiceSid", "SendAt", "ScheduleType", "Page",
    "ValidityPeriod", "PageSize", "PageToken", "DateSent", "DateSent<", "DateSent>", "Status", "SmartEncoded",
    "Outcome", "FriendlyName", "PhoneNumber", "PhoneNumberSid", "SmsUrl",
    "SmsMethod", "SmsFallbackUrl", "InboundRequestUrl", "InboundMethod", "FallbackFrom", "SmartEncoding",
)  # fmt: skip
forms = st.lists(st.tuples(st.sampled_from(PARAMS) | st.text(max_size=8), values), max_size=12)
PLACES = (
    "Messages.json", "Messages/SM0.json", "Messages/SM0/Media.json", "Messages/SM0/Feedback.json", "Messages",
    "IncomingPhoneNumbers.json", "IncomingPhoneNumbers/PN0.json", "nonsense", "%00", "..", "Calls.json",
)  # fmt: skip
KEYS = (
    "personalizations", "from", "to", "cc", "subject", "content", "attachments", "headers", "categories", "send_at",
    "custom_args", "asm", "mail_settings", "template_id", "batch_id", "reply_to", "reply_to_list", "emails", "status",
    "recipient_emails", "name", "url", "enabled", "delete_all", "scopes", "nickname", "from_email", "hostname",
    "spam_check", "send_raw", "delivered", "friendly_name", "oauth_client_id", "active", "generation", "id",
    "tracking_settings", "sections", "ip_pool_name",
)  # fmt: skip
V3 = (
    "mail/send", "mail/batch", "mail/batch/x", "scopes", "messages", "messages/x", "suppression/bounces",
    "suppression/blocks/a@b.co", "asm/groups", "asm/groups/1", "asm/groups/1/suppressions", "asm/suppressions/global",
    "templates", "templates/x/versions", "user/scheduled_sends", "user/webhooks/event/settings",
    "user/webhooks/event/settings/signed", "user/webhooks/event/test", "nonsense", "api_keys", "api_keys/x",
    "verified_senders", "verified_senders/1001", "verified_senders/resend/1001", "verified_senders/verify/x",
    "user/webhooks/parse/settings", "user/webhooks/parse/settings/a.example.com", "user/webhooks/event/settings/all",
    "user/webhooks/event/settings/x", "templates/x", "templates/x/versions/y", "templates/x/versions/y/activate",
    "asm/groups/101/suppressions/search", "asm/suppressions", "asm/suppressions/a@b.co", "stats?start_date=2026-01-01",
    "stats?start_date=0001-01-01&end_date=9999-12-31&aggregated_by=week&offset=99999999999",
    "categories/stats?start_date=9999-12-31&aggregated_by=month&categories=x", "categories",
)  # fmt: skip


def keep_on(share: Callable[[], bool], test: Callable[[], None]) -> None:
    """Rounds of a test until its time is up; at least one."""
    while True:
        test()
        if not share():
            return


def check(response: httpx.Response) -> None:
    assert response.status_code < 500, response.text


def test_twilio_forms(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    auth = (target.twilio.account_sid, target.twilio.auth_token)

    @ROUND
    @given(method=st.sampled_from(["GET", "POST", "DELETE", "PUT"]), place=st.sampled_from(PLACES), form=forms)
    def run(method: str, place: str, form: list[tuple[str, str]]) -> None:
        path = f"/2010-04-01/Accounts/{target.twilio.account_sid}/{place}"
        encoded = urlencode(form, errors="replace")
        if method == "POST":
            kind = {"content-type": "application/x-www-form-urlencoded"}
            check(http.request(method, path, content=encoded, headers=kind, auth=auth))
        else:
            check(http.request(method, f"{path}?{encoded}", auth=auth))
        check(http.request(method, f"/v1/Services?{encoded}", auth=auth))

    keep_on(share, run)


RESOURCES: dict[str, dict[str, Any]] = {
    "api_keys": {"name": "x", "scopes": ["mail.send"]},
    "verified_senders": {"nickname": "x", "from_email": "a@b.co", "reply_to": "a@b.co", "state": "CA"},
    "user/webhooks/parse/settings": {"hostname": "a.example.com", "url": "http://127.0.0.1:9/", "send_raw": True},
    "user/webhooks/event/settings": {"url": "http://127.0.0.1:9/", "enabled": True, "open": True, "friendly_name": "x"},
    "templates": {"name": "x", "generation": "dynamic"},
    "asm/groups": {"name": "x", "description": "x"},
}
"""What an account sets up, each with a body that is taken."""


def test_sendgrid_resources(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    headers = {"Authorization": f"Bearer {target.sendgrid.api_key}", "content-type": "application/json"}

    def ask(method: str, path: str, body: Any = None) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        response = http.request(method, f"/v3/{path}", content=content, headers=headers)
        check(response)
        return response

    @ROUND
    @given(place=st.sampled_from(sorted(RESOURCES)), nth=st.integers(0, 3), value=anything, other=anything)
    def run(place: str, nth: int, value: Any, other: Any) -> None:
        body = RESOURCES[place]
        name = sorted(body)[nth % len(body)]
        made = ask("POST", place, {**body, name: value})
        kept = made if made.status_code == 201 else ask("POST", place, body)
        if kept.status_code == 201:
            shown = kept.json()
            one = f"{place}/{shown.get('api_key_id') or shown.get('id') or shown['hostname']}"
            for method in ("PATCH", "PUT"):
                ask(method, one, {**body, name: other})
            for path in (place, one, f"{place}/all", "stats?start_date=2026-01-01"):
                ask("GET", path)
            check(http.get(f"/_mock/sendgrid/{target.sendgrid.name}/resources"))
            assert ask("DELETE", one).status_code == 204
        target.sendgrid.reset()

    keep_on(share, run)


def test_sendgrid_json(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    bodies = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), anything, max_size=8) | anything

    @ROUND
    @given(method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"]), place=st.sampled_from(V3), body=bodies)
    def run(method: str, place: str, body: Any) -> None:
        headers = {"Authorization": f"Bearer {target.sendgrid.api_key}", "content-type": "application/json"}
        check(http.request(method, f"/v3/{place}", content=json.dumps(body).encode(), headers=headers))

    keep_on(share, run)


def test_mails_that_are_nearly_right(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    person = st.fixed_dictionaries({"email": st.sampled_from(["a@b.co", "x"]) | anything}) | anything
    block = st.fixed_dictionaries(
        {"to": st.lists(person, max_size=3) | anything},
        optional={"cc": anything, "subject": anything, "custom_args": anything, "substitutions": anything},
    )

    @ROUND
    @given(
        blocks=st.lists(block, max_size=3),
        sender=person,
        content=anything,
        changes=st.dictionaries(st.sampled_from(KEYS), anything),
    )
    def run(blocks: list[Any], sender: Any, content: Any, changes: dict[str, Any]) -> None:
        body = {"personalizations": blocks, "from": sender, "subject": "s", "content": content} | changes
        headers = {"Authorization": f"Bearer {target.sendgrid.api_key}", "content-type": "application/json"}
        check(http.post("/v3/mail/send", content=json.dumps(body).encode(), headers=headers))

    keep_on(share, run)


def test_bodies_of_any_bytes(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    auth = (target.twilio.account_sid, target.twilio.auth_token)
    deep = st.integers(1, 60_000).map(lambda depth: b'{"a":' * depth)

    @ROUND
    @given(
        body=st.binary(max_size=5000) | deep,
        kind=st.sampled_from(["application/x-www-form-urlencoded", "application/json", "x"]),
    )
    def run(body: bytes, kind: str) -> None:
        path = f"/2010-04-01/Accounts/{target.twilio.account_sid}/Messages.json"
        check(http.post(path, content=body, headers={"content-type": kind}, auth=auth))
        headers = {"Authorization": f"Bearer {target.sendgrid.api_key}", "content-type": kind}
        check(http.post("/v3/mail/send", content=body, headers=headers))
        check(http.post("/_mock/faults", content=body, headers=JSON))
        check(http.post("/_mock/replay", content=body, headers=JSON))

    keep_on(share, run)
    big = b"To=" + b"%00" * 3_000_000
    check(http.post(f"/2010-04-01/Accounts/{target.twilio.account_sid}/Messages.json", content=big, auth=auth))
    many = b"&".join(b"Body=x" for _ in range(200_000))
    check(http.post(f"/2010-04-01/Accounts/{target.twilio.account_sid}/Messages.json", content=many, auth=auth))


def test_connections_of_any_bytes(target: Target, share: Callable[[], bool]) -> None:
    lines = st.sampled_from(
        [
            b"POST /v3/mail/send HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\n",
            b"host: x\r\n",
            b"content-length: 5\r\n",
            b"\r\n",
            b"transfer-encoding: chunked\r\n",
            b"expect: 100-continue\r\n",
            b"connection: upgrade\r\nupgrade: websocket\r\n",
            b"GET \xff HTTP/1.1\r\n",
            b"authorization: Basic \xff\xfe\r\n",
            b"OPTIONS * HTTP/1.1\r\n",
            b"ffffffffffffffff\r\n",
        ]
    )

    @ROUND
    @given(st.lists(lines | st.binary(max_size=40), max_size=12))
    def run(parts: list[bytes]) -> None:
        with socket.create_connection(("127.0.0.1", target.port), timeout=ANSWER_WITHIN_S) as connection:
            try:
                connection.sendall(b"".join(parts))
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(0.02)
                answer = connection.recv(4096)
            except OSError:
                return
            assert not answer.startswith(b"HTTP/1.1 5"), answer

    keep_on(share, run)
