"""Creating, reading, changing and listing messages."""

from __future__ import annotations

import httpx
import pytest
from tenants import TwilioTenant, make_twilio


def test_create_answers_as_the_vendor_does(twilio: TwilioTenant) -> None:
    response = twilio.create(Body="hello ✓")
    message = response.json()
    assert response.status_code == 201
    assert response.headers["twilio-request-id"].startswith("RQ")
    assert message["sid"].startswith("SM")
    assert len(message["sid"]) == 34
    assert message["status"] == "queued"
    assert message["num_segments"] == "1"
    assert message["from"] == "+15552340002"
    assert message["date_sent"] is None
    assert message["date_created"].endswith(" +0000")
    assert message["uri"] == f"{twilio.path}/Messages/{message['sid']}.json"
    assert twilio.request("GET", f"/Messages/{message['sid']}.json").json() == message


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"To": None}, 400, 21604),
        ({"To": "nonsense"}, 400, 21211),
        ({"To": "+1555234000\u0661"}, 400, 21211),
        ({"To": "1\u0662345"}, 400, 21211),
        ({"To": "telegram:1", "From": "telegram:2"}, 400, 63007),
        ({"To": "telegram:1"}, 400, 21211),
        ({"From": None}, 400, 21603),
        ({"From": "not a sender id!"}, 400, 21212),
        ({"From": "+15552340001"}, 400, 21266),
        ({"Body": None}, 400, 21602),
        ({"Body": "x" * 1601}, 400, 21617),
        ({"StatusCallback": "nonsense"}, 400, 21609),
        ({"StatusCallback": "http://127.0.0.1/a b"}, 400, 21609),
        ({"StatusCallback": "http://127.0.0.1/a\tb"}, 400, 21609),
        ({"MediaUrl": "nonsense"}, 400, 21620),
        ({"MediaUrl": "http://a b/c.png"}, 400, 21620),
        ({"MediaUrl": "http://example.com/c.png\n"}, 400, 21620),
        ({"MediaUrl": [f"https://example.com/{n}" for n in range(11)]}, 400, 21623),
        ({"ValidityPeriod": "36001"}, 400, 21624),
    ],
)
def test_a_bad_create_gets_its_code(twilio: TwilioTenant, params: dict[str, object], status: int, code: int) -> None:
    response = twilio.create(**params)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    [answered] = twilio.entries(type="answered")
    assert (answered["status"], answered["error"]) == (status, code)


def test_a_json_body_has_no_to(twilio: TwilioTenant) -> None:
    assert twilio.request("POST", "/Messages.json", json={"To": "+15552340001"}).json()["code"] == 21604


def test_an_alphanumeric_sender_is_valid(twilio: TwilioTenant) -> None:
    assert twilio.send(From="ACME Corp")["from"] == "ACME Corp"


@pytest.mark.parametrize("credentials", [("", ""), ("AC" + "0" * 32, "x")])
def test_a_bad_user_is_refused(http: httpx.Client, twilio: TwilioTenant, credentials: tuple[str, str]) -> None:
    response = http.get(f"{twilio.path}/Messages.json", auth=credentials)
    assert (response.status_code, response.json()["code"]) == (401, 20003)


def test_a_bad_token_is_refused_and_recorded(http: httpx.Client, twilio: TwilioTenant) -> None:
    response = http.post(f"{twilio.path}/Messages.json", auth=(twilio.sid, "wrong"), data={"To": "+15552340001"})
    assert (response.status_code, response.json()["code"]) == (401, 20003)
    called, answered = twilio.entries()
    assert (called["type"], answered["status"]) == ("called", 401)
    assert "wrong" not in str(called)


def test_accounts_do_not_see_each_other(http: httpx.Client, twilio: TwilioTenant) -> None:
    other = make_twilio(http)
    message = twilio.send()
    assert other.request("GET", f"/Messages/{message['sid']}.json").status_code == 404
    assert http.get(f"{twilio.path}/Messages.json", auth=(other.sid, other.token)).json()["code"] == 20404
    assert other.request("GET", "/Messages.json").json()["messages"] == []
    assert [entry["endpoint"] for entry in twilio.entries(type="called")] == ["messages.create"]


def test_paging_visits_each_message_once_under_inserts(twilio: TwilioTenant) -> None:
    sent = [twilio.send()["sid"] for _ in range(7)]
    seen: list[str] = []
    path = f"{twilio.path}/Messages.json?PageSize=2"
    while path:
        page = twilio.http.get(path, auth=(twilio.sid, twilio.token)).json()
        seen += [message["sid"] for message in page["messages"]]
        twilio.send()
        path = page["next_page_uri"]
    assert seen == sent[::-1]


def test_redact_cancel_and_delete(twilio: TwilioTenant) -> None:
    path = f"/Messages/{twilio.send()['sid']}.json"
    assert twilio.request("POST", path, data={"Body": "", "Status": "canceled"}).json()["code"] == 30400
    assert twilio.request("POST", path, data={"Status": "canceled"}).json()["status"] == "canceled"
    assert twilio.request("POST", path, data={"Status": "canceled"}).json()["code"] == 30409
    assert twilio.request("POST", path, data={"Body": ""}).json()["body"] == ""
    assert twilio.request("DELETE", path).status_code == 204
    assert twilio.request("GET", path).json()["code"] == 20404


def test_a_messaging_service_is_made_where_the_account_says_so(twilio: TwilioTenant) -> None:
    named = {"From": None, "MessagingServiceSid": "MG" + "0" * 32}
    assert twilio.create(**named).json()["code"] == 21701
    twilio.change(any_service=True)
    message = twilio.send(**named)
    assert (message["messaging_service_sid"], message["status"]) == (named["MessagingServiceSid"], "accepted")
    assert twilio.create(**named | {"MessagingServiceSid": "nonsense"}).json()["code"] == 21705


def test_no_more_messaging_services_are_made_than_a_thousand(twilio: TwilioTenant) -> None:
    twilio.change(any_service=True, messaging_services=[f"MG{number:032}" for number in range(1_000)])
    assert twilio.create(From=None, MessagingServiceSid=f"MG{1_000:032}").json()["code"] == 21701
