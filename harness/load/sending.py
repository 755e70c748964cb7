"""One request as a user of Locust makes it: no hop to a stranger, and one row of Locust's table for each send."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from harness.history.flow import SUCCESS
from harness.load.answer import SHOWN, Answer
from harness.load.payloads import message
from harness.load.plan import Plan
from harness.load.schedule import Arrival
from harness.load.target import Target
from harness.profile.pointers import parsed
from harness.scenario.outgoing import outgoing, said

FOLLOWED: Final = (307, 308)
"""Redirects that ask for the same request elsewhere."""
HOPS: Final = 5


def send(client: Any, target: Target, plan: Plan, arrival: Arrival) -> Answer:
    """Sends an arrival's message to the API, as the profile says that one of its channel is sent."""
    how = target.sends[arrival.channel]
    request = outgoing(how, message(plan, arrival, target.messages).values())
    headers = {**target.headers, **request.headers}
    response = ask(client, request.method, target.api.rstrip("/") + request.path, data=request.content, headers=headers)
    code = response.status_code or None  # Locust gives 0 where no answer came
    text = response.text or ""
    told = said(how, code=code, text=text, headers=response.headers or {})
    answer = Answer(code, told.id, None, told.accepted, told.status, None if told.accepted else brief(text))
    return counted(response, answer, name="send")


def deliver(client: Any, target: Target, body: dict[str, Any]) -> Answer:
    """Has the mock provider deliver a reply; the answer is the stack's, as the mock tells it."""
    replies = target.replies
    if replies is None:
        raise LookupError("this stack gets no replies")
    response = ask(client, "POST", replies.mocks + replies.path, json=body, headers=replies.headers)
    text = response.text or ""
    found = parsed(text)
    if response.status_code not in SUCCESS or not isinstance(found, dict):
        refused = Answer(response.status_code or None, None, None, accepted=False, text=f"the mocks: {brief(text)}")
        return counted(response, refused, name="reply")
    code, name = found.get("status"), found.get("sid") or found.get("message_id")
    answer = Answer(code, str(name) if name else None, None if code else str(found.get("error")), code in SUCCESS)
    return counted(response, answer, name="reply")


def ask(client: Any, method: str, url: str, **given: Any) -> Any:
    """The answer to a request, after redirects to the same server: what is said to it is said to nobody else.

    Locust doesn't count it before `counted`.
    """
    alone(client.client)
    asked = {**given, "catch_response": True}
    response = client.request(method, url, name="asked", **asked)
    for _ in range(HOPS):
        where = urljoin(url, str((response.headers or {}).get("location") or ""))
        if response.status_code not in FOLLOWED or where == url or urlsplit(where)[:2] != urlsplit(url)[:2]:
            break
        url = where
        response = client.request(method, url, name="asked", **asked)
    return response


def alone(agent: Any) -> None:
    """Keeps Locust's own client from following redirects, to whomever they lead.

    What asks it for that (`allow_redirects`) uses a name of its HTTP library that newer releases of that don't have.
    """
    agent.redirect_response_codes = agent.redirect_resonse_codes = frozenset()


def counted(response: Any, answer: Answer, *, name: str) -> Answer:
    """Counts a send in Locust's own table, and adds what kept an answer from coming."""
    with response:
        # a rate limiter's answer is no error of the stack, and no send that it took
        response.request_meta["name"] = f"{name}: put off (429)" if answer.put_off else name
        if answer.good or answer.put_off:
            response.success()
        elif answer.status is not None:
            response.failure(f"answered {answer.status}")
    if answer.status is None and answer.error is None:
        return answer._replace(error=str(response.error), text=None)
    return answer


def brief(text: str) -> str:
    return " ".join(text.split())[:SHOWN]
