"""The harness's own HTTP client: each request and answer is an event."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from harness.errors import Inconclusive, Unobservable
from harness.history import History, key
from harness.per_thread import PerThread
from harness.profile import Profile, Send
from harness.profile.pointers import found, parsed, pointed
from harness.profile.templates import names_in
from harness.retry_after import asked_to_wait
from harness.scenario.messages import Message
from harness.scenario.outgoing import Outgoing, outgoing, said
from harness.scenario.pace import Turns
from harness.tls import http1_too, tls

KEEP_IDLE_S = 1.0
"""How long an idle connection may be used again.

Servers close theirs after 2 s (gunicorn), 5 s (uvicorn, Node) or more; a request that meets the close gets no answer.
"""
SHOWN = 4000
"""Characters of an answer's body that are kept as evidence."""
FOLLOWED = {"GET": (301, 302, 303, 307, 308), "POST": (307, 308), "PUT": (307, 308), "PATCH": (307, 308)}
"""Redirects that ask for the same request elsewhere; another turns a send into a look, and is an answer like any."""
HOPS = 5
LOOK = "get"
"""What the record calls a look at one message."""


class ApiClient:
    """Speaks to the stack's API as its profile says; every call is recorded as `api.requested` and `api.answered`.

    `on_refused` is asked what to make of a connection that was refused, before the caller is told of it.
    """

    def __init__(
        self, history: History, *, url: str, profile: Profile, on_refused: Callable[[], None] = lambda: None
    ) -> None:
        self._history = history
        self._on_refused = on_refused
        self._profile = profile
        self._numbers = itertools.count(1)
        self._turns = Turns(profile.pace)
        limits = httpx.Limits(max_connections=128, max_keepalive_connections=64, keepalive_expiry=KEEP_IDLE_S)
        make = partial(
            httpx.Client,
            base_url=url,
            headers=profile.api.headers,
            timeout=profile.api.timeout,
            http1=http1_too(url, http2=profile.api.http2),
            http2=profile.api.http2,
            trust_env=False,
            limits=limits,
            verify=tls(url),
        )
        # a pool that threads share may close a connection as idle for too long that another has just taken
        self._clients: PerThread[httpx.Client] = PerThread(make, close=httpx.Client.close)

    def send(
        self, message: Message, *, idempotency_key: str | None = None, body: Any = None, operation: str = "send"
    ) -> dict[str, Any]:
        """Sends a message; returns {"status", "body", "headers", "id"}, raises Inconclusive where no answer came.

        An API that answers 429 is asked again after the time that it names, at most `[pace] wait_most` s altogether.
        `body` is another one than the profile's template makes, and `operation` what the record calls it.
        """
        send = self._profile.send.of(message.type)
        request = outgoing(send, message.values(), idempotency_key=idempotency_key, body=body)
        # where a send doesn't say to whom, nobody can be asked why it went elsewhere
        to = message.to if "to" in names_in([send.body, send.headers]) else None
        about = {"channel": message.type, "to": to, "token": message.token, "untold": message.token not in message.body}
        return self._patiently(request, send=send, operation=operation, idempotency_key=idempotency_key, **about)

    def message(self, message_id: str) -> dict[str, Any]:
        """Looks at a message; its status is a sample of the row, its witness an event.

        Raises Unobservable where the profile says that the API shows none.
        """
        look = self._profile.look
        if not look.path:
            raise Unobservable("the API shows no single message", remedy="[look] path, with {id} in it")
        path = look.path.replace("{id}", quote(message_id, safe=""))
        request = Outgoing(method=look.method, path=path, headers=look.headers)
        return self._patiently(request, operation=LOOK, message_id=message_id)

    def request(self, method: str, path: str, *, operation: str, **more: Any) -> dict[str, Any]:
        """Any request to the stack, recorded; returns {"status", "body"}, raises Inconclusive where no answer came.

        `more` is what httpx takes: `params`, `json`, `headers`.
        """
        url, headers = httpx.URL(path), dict(more.pop("headers", None) or {})
        if "params" in more:
            url = url.copy_merge_params(more.pop("params"))
        made = httpx.Request(method, httpx.URL("http://stack").join(url), headers=headers, **more)
        kept = {name: made.headers[name] for name in ("content-type",) if name in made.headers}
        content = made.read() or None
        request = Outgoing(method=method, path=str(url), headers={**kept, **headers}, content=content)
        return self._patiently(request, operation=operation)

    def _patiently(self, request: Outgoing, *, send: Send | None = None, **more: Any) -> dict[str, Any]:
        """Asks, and asks again as long as the API asks to wait, and as the profile lets it."""
        left = self._profile.pace.wait_most
        while True:
            if send is not None:
                self._turns.take()
            answer = self._ask(request, send=send, left=left, **more)
            wait = answer.pop("wait")
            if wait is None:
                return answer
            left -= wait
            self._turns.wait(wait)
            if self._turns.closed:
                return answer  # nobody waits for it any more

    def _ask(
        self,
        request: Outgoing,
        *,
        operation: str,
        send: Send | None = None,
        channel: str | None = None,
        to: str | None = None,
        token: str | None = None,
        untold: bool = False,
        message_id: str | None = None,
        idempotency_key: str | None = None,
        left: float = 0.0,
    ) -> dict[str, Any]:
        call = next(self._numbers)
        keys = [key("request", call), *([key("token", token)] if token else [])]
        asked: dict[str, Any] = {
            "operation": operation,
            "method": request.method,
            "path": urlsplit(request.path).path,
            "request": call,
        }
        named = {"idempotency_key": idempotency_key, "channel": channel, "to": to}
        asked |= {name: value for name, value in named.items() if value is not None}
        asked |= {"untold": True} if untold else {}
        self._history.append("api.requested", source="api", message_id=message_id, data=asked, keys=keys)
        began = time.monotonic()
        try:
            answer = self._answer(request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = f"{type(error).__name__}: {error}"
            # indeterminate: the stack may have taken the message all the same
            data = {**asked, "status": None, "error": why}
            self._history.append("api.answered", source="api", message_id=message_id, data=data, keys=keys)
            if isinstance(error, httpx.ConnectError):
                self._on_refused()
            raise Inconclusive(f"{request.method} {request.path} got no answer ({why})") from error
        data = {
            **asked,
            "status": answer.status_code,
            "elapsed_ms": round((time.monotonic() - began) * 1000, 3),
            "text": answer.text[:SHOWN],
        }
        if answer.history:
            data["redirected"] = answer.url.path
        wait = asked_to_wait(answer.status_code, answer.headers)
        wait = wait if wait is not None and wait <= left else None
        if wait is not None:
            data["again_in_s"] = wait
        if send is not None:
            what = said(send, code=answer.status_code, text=answer.text, headers=answer.headers)
            data["accepted"] = what.accepted
            message_id = what.id or message_id
            status = what.status
            if what.accepted and what.id is None:
                data["lacks_id"] = what.lacks
        else:
            status = found(self._profile.look.status, text=answer.text, headers=answer.headers)
        if operation == LOOK and answer.is_success:
            page, shows = parsed(answer.text), self._profile.look.shows
            parts = {part: pointed(page, place) for part, place in shows.items() if place}
            data["shown"] = {part: value for part, value in parts.items() if value is not None}
        if status is not None:
            data["message_status"] = self._profile.statuses.canonical(status, where="api")
        self._history.append("api.answered", source="api", message_id=message_id, data=data, keys=keys)
        return {
            "status": answer.status_code,
            "body": body_of(answer),
            "headers": dict(answer.headers),
            "id": message_id,
            "wait": wait,
        }

    def _answer(self, request: Outgoing) -> httpx.Response:
        """The answer, after redirects to the stack itself: what is said to it is said to nobody else."""
        answer = self._send_once(request, request.path)
        hops: list[httpx.Response] = []
        while answer.status_code in FOLLOWED.get(request.method, ()) and len(hops) < HOPS:
            where = urljoin(str(answer.url), answer.headers.get("location", ""))
            if urlsplit(where)[:2] != urlsplit(str(answer.url))[:2] or where == str(answer.url):
                break
            hops.append(answer)
            answer = self._send_once(request, where)
            answer.history = hops
        return answer

    def _send_once(self, request: Outgoing, where: str) -> httpx.Response:
        return self._clients.own.request(request.method, where, headers=dict(request.headers), content=request.content)

    def close(self) -> None:
        self._turns.close()
        self._clients.close()


def body_of(answer: httpx.Response) -> Any:
    body = parsed(answer.text)
    return answer.text if body is None else body
