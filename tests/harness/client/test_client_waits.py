"""What an API that answers 429 asks for, and a pace of the profile's, against a real server."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest
from scripted_api import Api, Make, answers, busy, flow, said

from harness.retry_after import asked_to_wait
from harness.scenario.messages import sms
from harness.scenario.pace import slowed


def date(seconds: float) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry_After": "1"}, 1.0, 1.0),
        ({"Retry_After": "0.2"}, 0.2, 0.2),
        ({"Retry_After": "0"}, 0.05, 0.05),
        ({"Retry_After": "-3"}, 0.05, 0.05),
        ({"Retry_After": "soon"}, 1.0, 1.0),
        ({"Retry_After": "nan"}, 1.0, 1.0),
        ({"X_RateLimit_Reset": "0.1"}, 0.1, 0.1),
        ({"RateLimit_Reset": "0.1"}, 0.1, 0.1),
        ({"Retry_After": "0.1", "X_RateLimit_Reset": "60"}, 0.1, 0.1),
        ({}, 1.0, 1.0),
    ],
    ids=str,
)
def test_an_api_that_asks_to_wait_is_asked_again_after_that(
    api: Api, client_of: Make, headers: dict[str, str], least: float, most: float
) -> None:
    client, history = client_of()
    api.answers = [busy(**headers)]
    message, began = sms(), time.monotonic()
    answer = client.send(message)
    assert time.monotonic() - began >= least
    assert (answer["status"], answer["id"]) == (201, "m1")
    first, second = answers(history)
    assert least <= first.data["again_in_s"] <= most
    assert "again_in_s" not in second.data
    assert (first.data["status"], first.data["accepted"]) == (429, False)
    now = flow(history, message)
    assert (len(now.requests), len(now.answers), now.acceptance) == (1, 1, second)
    assert api.bodies[0] == api.bodies[1]


def test_a_date_is_waited_for(api: Api, client_of: Make) -> None:
    client, history = client_of()
    api.answers = [busy(Retry_After=date(2))]
    client.send(sms())
    assert 0.5 <= answers(history)[0].data["again_in_s"] <= 3.0


@pytest.mark.parametrize(
    "headers_at",
    [
        lambda now: {"retry-after": date(-3590), "date": date(-3600)},
        lambda now: {"x-ratelimit-reset": str(int(now) - 3590), "date": date(-3600)},
        lambda now: {"x-ratelimit-reset": str((int(now) - 3590) * 1000), "date": date(-3600)},
        lambda now: {"retry-after": date(10)},
        lambda now: {"x-ratelimit-reset": str(now + 10)},
    ],
)
def test_a_time_is_read_by_the_clock_of_who_answers(headers_at: Callable[[float], dict[str, str]]) -> None:
    """Theirs is an hour slow: what lies ten seconds ahead there lies far back here."""
    headers = headers_at(time.time())
    wait = asked_to_wait(429, headers)
    assert wait is not None
    assert 7.0 <= wait <= 11.0


@pytest.mark.parametrize("said", ["1e300", "inf", "99999999999999999999", "Mon, 99 Xyz 2026", "²", "٣"])
def test_what_makes_no_sense_is_waited_for_a_moment(said: str) -> None:
    wait = asked_to_wait(429, {"retry-after": said})
    assert wait is not None
    assert wait <= 3.0
    assert asked_to_wait(503, {"retry-after": "1"}) is None


def test_what_would_take_longer_than_the_profile_waits_is_refused(api: Api, client_of: Make) -> None:
    client, history = client_of(pace={"wait_most": 0.5})
    api.answers = [busy(Retry_After="0.3"), busy(Retry_After="0.3")]
    message = sms()
    assert client.send(message)["status"] == 429
    first, last = answers(history)
    assert ("again_in_s" in first.data, "again_in_s" in last.data) == (True, False)
    now = flow(history, message)
    assert (len(now.answers), now.acceptance, now.waits_to_be_asked) == (1, None, False)


def test_a_message_that_waits_owes_an_answer(api: Api, client_of: Make) -> None:
    client, history = client_of()
    api.answers = [busy(Retry_After="20")]
    message = sms()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client.send, message)
        assert history.wait_for(lambda event: event.kind == "api.answered", within=10)
        assert flow(history, message).waits_to_be_asked
        began = time.monotonic()
        client.close()
        assert sending.result(10)["status"] == 429
    assert time.monotonic() - began < 10


def test_a_look_waits_too(api: Api, client_of: Make) -> None:
    client, history = client_of()
    api.answers = [busy(Retry_After="0.1"), said({"status": "sent"}), busy(Retry_After="0.1"), said([1])]
    assert client.message("m1")["body"] == {"status": "sent"}
    assert client.request("GET", "/other", operation="conversations")["body"] == [1]
    assert [event.data.get("again_in_s") for event in answers(history)] == [0.1, None, 0.1, None]


def test_a_pace_is_kept_by_all_that_send(api: Api, client_of: Make) -> None:
    client, _ = client_of(pace={"per_second": 20})
    began = time.monotonic()
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: client.send(sms()), range(5)))
    assert time.monotonic() - began >= 4 / 20
    client.message("m1")


def test_a_run_says_what_it_waited_for(api: Api, client_of: Make) -> None:
    client, history = client_of()
    assert slowed(history) == ""
    client.send(sms())
    api.answers = [busy(Retry_After="0.2")]
    client.send(sms())
    assert slowed(history).startswith("the API asked once to wait (429), 0.2 s in all; [pace] per_second = ")
    api.answers = [busy(Retry_After="0.1"), busy(Retry_After="0.1")]
    client.send(sms())
    line = slowed(history)
    assert line.startswith("the API asked 3 times to wait (429), 0.4 s in all; ")
    assert line.endswith(" would spare it")
    pace = float(line.partition("= ")[2].split()[0])
    assert 0 < pace < 3 / 0.4
