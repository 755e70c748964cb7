"""The control plane and the page are driven by their own page and by programs, never by a page of a stranger."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from tenants import ServerProcess, TwilioTenant, start_server

from mock_providers.client.protocol import tls
from mock_providers.errors import ConfigError
from mock_providers.hosts import named

FAULT = {"match": {"account": "nobody"}, "status": 503}
ADVANCES = [
    ("POST", "/_mock/faults", FAULT),
    ("POST", "/_mock/reset", {}),
    ("POST", "/_mock/gates", {"match": {"account": "nobody"}}),
    ("POST", "/_mock/accounts", {"provider": "sendgrid", "api_key": "SG.x.y", "name": "foreign"}),
    ("DELETE", "/_mock/faults", None),
]
READINGS = [
    "/",
    "/web/app.js",
    "/_mock/calls",
    "/_mock/export",
    "/_mock/accounts",
    "/_mock/docs",
    "/metrics",
    "/nonsense",
]
STRANGERS = [
    "evil.example",
    "evil.example:4010",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "[::2]:80",
    "[::1",
    "10.0.0.7",
    "0.0.0.0",
    "127.1.evil",
    "localhost:80:evil",
    "",
]
OWN = [
    "localhost",
    "LocalHost:1",
    "localhost.",
    "127.0.0.1",
    "127.8.9.1:80",
    "[::1]",
    "[::1]:4010",
    "[::ffff:127.0.0.1]",
]


@pytest.mark.parametrize("host", STRANGERS)
def test_a_name_that_was_made_to_lead_here_gets_nothing(http: httpx.Client, host: str) -> None:
    for path in READINGS:
        refused = http.get(path, headers={"Host": host})
        assert refused.status_code == 403, path
        assert "--allow-host" in refused.json()["hint"]
    for method, path, body in ADVANCES:
        assert http.request(method, path, json=body, headers={"Host": host}).status_code == 403, path


@pytest.mark.parametrize("host", OWN)
def test_loopback_has_many_names(http: httpx.Client, host: str) -> None:
    assert http.get("/_mock/calls", params={"limit": 1}, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("hosts", [("localhost", "evil.example"), ("evil.example", "localhost"), ()])
def test_who_names_two_hosts_or_none_is_not_believed(server: ServerProcess, hosts: tuple[str, ...]) -> None:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(f"GET /_mock/calls HTTP/1.0\r\n{lines}\r\n".encode())
        assert connection.makefile("rb").readline().split()[1] == b"403"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Origin": "file://"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    ],
)
def test_a_page_of_another_origin_drives_nothing(http: httpx.Client, headers: dict[str, str]) -> None:
    for method, path, body in ADVANCES:
        assert http.request(method, path, json=body, headers=headers).status_code == 403, path
    for path in READINGS:
        assert http.get(path, headers=headers).status_code == 403, path


def test_the_page_itself_may_and_a_link_leads_to_it(http: httpx.Client, server: ServerProcess) -> None:
    own = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    made = http.post("/_mock/faults", json=FAULT, headers=own)
    assert made.status_code == 201
    assert http.delete(f"/_mock/faults/{made.json()['id']}", headers=own).status_code == 200
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert http.get("/", headers=visit).status_code == 200
    # but a form that is sent from elsewhere is no visit
    assert http.post("/_mock/faults", json=FAULT, headers=visit).status_code == 403


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json, text/plain",
        "",
        None,
    ],
)
def test_what_a_form_could_send_changes_nothing(http: httpx.Client, twilio: TwilioTenant, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    twilio.send(Body="kept")
    before = http.get("/_mock/faults").json()
    line = json.dumps(FAULT).encode()
    for path in (
        "/_mock/faults",
        "/_mock/gates",
        "/_mock/replay",
        "/_mock/accounts",
        f"/_mock/twilio/{twilio.sid}/inbound",
    ):
        refused = http.post(path, content=line, headers=headers)
        assert refused.status_code == 415, path
        assert "application/json" in refused.json()["hint"]
    assert http.post("/_mock/reset", headers=headers).status_code == 415
    assert http.request("DELETE", "/_mock/faults", content=line, headers=headers).status_code == 415
    assert http.get("/_mock/faults").json() == before
    assert twilio.entries(type="called")[0]["text"] == "kept"


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "APPLICATION/JSON"])
def test_json_is_json_however_it_is_spelt(http: httpx.Client, kind: str) -> None:
    made = http.post("/_mock/faults", content=json.dumps(FAULT), headers={"Content-Type": kind})
    assert made.status_code == 201
    assert http.delete(f"/_mock/faults/{made.json()['id']}").status_code == 200


def test_vendors_are_called_from_anywhere(twilio: TwilioTenant) -> None:
    form = {"To": "+15552340001", "From": "+15552340002", "Body": "x"}
    foreign = {"Host": "api.twilio.com", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert twilio.request("POST", "/Messages.json", data=form, headers=foreign).status_code == 201


@pytest.fixture(scope="module")
def known_by_names() -> Iterator[str]:
    running = start_server("--allow-host", "mocks", "--allow-host", "Mocks.Example.")
    yield running.url
    running.stop()


def test_a_host_that_the_owner_names_is_served(known_by_names: str) -> None:
    with httpx.Client(base_url=known_by_names, verify=tls(known_by_names)) as http:
        for host in ("mocks", "MOCKS:4010", "mocks.example", "localhost"):
            assert http.get("/_mock/calls", headers={"Host": host}).status_code == 200, host
        # a proxy has put its own host into the request
        proxied = {"Host": "127.0.0.1:1", "Origin": "https://mocks.example"}
        made = http.post("/_mock/faults", json=FAULT, headers=proxied)
        assert made.status_code == 201
        assert http.get("/_mock/calls", headers={"Host": "other"}).status_code == 403


def test_the_token_opens_the_control_plane_by_any_name_but_to_no_foreign_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_PROVIDERS_TOKEN", "sesame")
    running = start_server()
    try:
        with httpx.Client(base_url=running.url, verify=tls(running.url)) as http:
            bearer = {"Authorization": "Bearer sesame", "Host": "harness-mocks:4010"}
            assert http.post("/_mock/faults", json=FAULT, headers=bearer).status_code == 201
            assert http.post("/_mock/faults", json=FAULT, headers={"Host": "harness-mocks"}).status_code == 401
            # a cookie is sent along by other pages of this host, too
            cookie = {"Cookie": "mock_token=sesame", "Origin": "http://localhost:3000"}
            assert http.post("/_mock/faults", json=FAULT, headers=cookie).status_code == 403
            for path in ("/health", "/_mock/health"):
                # that it is well is told to anybody, how its files are is not
                assert set(http.get(path, headers={"Host": "10.1.2.3"}).json()) == {"status", "seq", "in_flight", "now"}
                assert "journal" in http.get(path, headers=bearer).json()
    finally:
        running.stop()


def test_what_is_shown_of_a_mail_has_no_authority_here(http: httpx.Client, twilio: TwilioTenant) -> None:
    twilio.send(Body="<script>alert(1)</script>")
    call = twilio.entries(type="called")[0]["seq"]
    shown = http.get(f"/_mock/calls/{call}/body").headers
    assert shown["content-type"].startswith("text/plain")
    assert shown["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown["content-security-policy"]
    for path in ("/", "/_mock/docs", "/_mock/calls", "/nonsense"):
        headers = http.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("name", ["http://mocks", "mocks:80", "a b", "*", "u@mocks", "mocks/"])
def test_a_host_is_named_without_the_rest_of_an_address(name: str) -> None:
    with pytest.raises(ConfigError, match="--allow-host: expected names or addresses"):
        named([name], where="--allow-host")
