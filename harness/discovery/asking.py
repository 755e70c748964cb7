"""What a running API says of itself: its description, its readiness, and which of its paths take a message.

It is asked by GET and OPTIONS alone: nothing is ever posted to find out what happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from harness.discovery import openapi
from harness.discovery.draft import Draft
from harness.discovery.operations import Operation, apply
from harness.discovery.words import READY
from harness.errors import DeployError
from harness.tls import tls

PAGES: Final = ("/docs", "/redoc", "/swagger", "/api/docs", "/swagger-ui/")
"""Pages that show a description, and name it."""
NAMED: Final = re.compile(r"""(?:spec-?url|url)["']?\s*[:=]\s*["']([^"'<>\s]{1,200})["']""", re.IGNORECASE)
SENDS: Final = (
    *(
        "/api/v1/messages/send",
        "/api/v1/messages",
        "/api/messages",
        "/messages",
        "/messages/send",
        "/send",
        "/v1/messages",
    ),
    *("/notify", "/notifications", "/api/notifications", "/api/v1/notifications", "/notifications/send"),
    *("/sms", "/sms/send", "/send-sms", "/api/sms", "/texts", "/text", "/v1/sms", "/api/v1/sms"),
    *("/mail", "/mails", "/email", "/emails", "/send-email", "/api/email", "/api/emails", "/v1/email"),
)
"""Where messages are often sent to."""
CALLED_READY: Final = re.compile(r"ready|health|alive|livez|ping|/up$", re.IGNORECASE)
CLAIMED: Final = (("claims", "webhooks"), ("claims", "conversations"), ("claims", "idempotency"))
NOWHERE: Final = "/messaging-harness-looks-whether-this-is-here"
TIMEOUT: Final = 5.0
LONGEST: Final = 5_000_000
"""Characters of a description that is read."""

Say = Callable[[str], None]


class Asked:
    """A running API, and what it said."""

    def __init__(self, url: str, *, headers: Mapping[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(
            base_url=self.url, timeout=TIMEOUT, trust_env=False, verify=tls(url), headers=dict(headers or {})
        )
        self.refused = 0
        """The status of the last answer that wanted to know who asks: 401 or 403."""

    def ask(self, method: str, path: str) -> httpx.Response | None:
        """An answer, after redirects to the API itself; None where there is none."""
        try:
            answer = self._client.request(method, path)
            for _ in range(3):
                where = urljoin(str(answer.url), answer.headers.get("location", ""))
                if not answer.is_redirect or urlsplit(where)[:2] != urlsplit(self.url)[:2]:
                    break
                answer = self._client.request(method, where)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        if answer.status_code in (401, 403):
            self.refused = answer.status_code
        return answer

    def reach(self) -> None:
        """Raises DeployError where nothing answers there."""
        try:
            self._client.get("/")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise DeployError(f"the API at {self.url} can't be reached: {why}; start it, or mend --api") from error

    def close(self) -> None:
        self._client.close()


def described(api: Asked) -> tuple[list[Operation], str]:
    """The operations of the API's own description, and where that was; none where it has none."""
    for path in openapi.PATHS:
        found = document(api, path)
        if found:
            return found, path
    for page in PAGES:
        answer = api.ask("GET", page)
        if answer is None or answer.status_code != 200:
            continue
        for named in NAMED.findall(answer.text[:200_000])[:20]:
            path = urlsplit(urljoin(page, named)).path
            found = document(api, path)
            if found:
                return found, path
    return [], ""


def document(api: Asked, path: str) -> list[Operation]:
    answer = api.ask("GET", path)
    if answer is None or answer.status_code != 200 or len(answer.content) > LONGEST:
        return []
    said = openapi.parsed(answer.text)
    return openapi.operations(said, why=f"OpenAPI ({path})") if said is not None else []


def look(api: Asked, draft: Draft, *, known: Sequence[Operation] = (), say: Say) -> Operation | None:
    """Puts into the draft what the API says of itself; `known` are operations that were read in its source.

    Returns the operation that sends; raises DeployError where the API can't be reached.
    """
    api.reach()
    operations, where = described(api)
    if operations:
        say(f"the API describes itself at {where}: {len(operations)} operations")
        forget(draft)
    else:
        say("the API has no OpenAPI document where one is usual; its paths are tried by GET and OPTIONS")
        operations = [one for one in known if is_there(api, one)]
    sending = apply(operations, draft) if operations else None
    if sending is None:
        found = [one for one in tried(api) if one.path not in {each.path for each in operations}]
        sending = apply(found, draft) if found else None
    ready(api, draft, known=[*operations, *known], say=say)
    if api.refused:
        draft.ask(
            ("api", "headers"), {"X-Api-Key": "${API_KEY}"}, f"the API answered {api.refused}: what it wants to know"
        )
    if sending is None:
        draft.ask(("send", "path"), "/messages", "no path was found that looks like one for messages")
        draft.ask(("send", "body"), {"to": "{to}", "text": "{body}"}, "the names of a send's fields")
        draft.ask(("look", "path"), "/messages/{id}", "where one message is shown")
        say("no path of the API looks like one that takes messages")
    else:
        say(f"messages seem to be sent by {sending.method} {sending.path} ({sending.why})")
    return sending


def forget(draft: Draft) -> None:
    """Forgets what the source seemed to say: what the API says of itself goes before it, also where it says nothing."""
    for key, guess in list(draft.guesses.items()):
        of_it = key[0] in ("send", "look", "listing", "webhooks", "conversations") or key in CLAIMED
        if of_it and guess.sure != "seen":
            draft.drop(key)


def ready(api: Asked, draft: Draft, *, known: Sequence[Operation] = (), say: Say) -> None:
    """The first path that says that the API is ready: one that is called so, else any that answers."""
    guessed = draft.get("api", "ready")
    plain = [one.path for one in known if one.method == "GET" and not one.parameters]
    named = [path for path in plain if CALLED_READY.search(path)]
    for path in list(dict.fromkeys([*([guessed] if guessed else []), *named, *READY, *plain]))[:60]:
        answer = api.ask("GET", path)
        if answer is not None and 200 <= answer.status_code < 300:
            draft.put(("api", "ready"), path, f"GET {path} answered {answer.status_code}", "seen")
            say(f"the API is ready by GET {path}")
            return
    draft.drop(("api", "ready"))
    draft.ask(("api", "ready"), "/healthz", "a path that answers 2xx once the API takes messages")


def allowed(api: Asked, path: str) -> frozenset[str]:
    """The methods that a path takes, as far as it says without being given anything."""
    methods: set[str] = set()
    for method in ("OPTIONS", "GET"):
        answer = api.ask(method, path)
        if answer is None or answer.status_code == 404:
            continue
        if (method == "OPTIONS" and answer.status_code < 400) or answer.status_code == 405:
            methods |= {one.strip().upper() for one in answer.headers.get("allow", "").split(",") if one.strip()}
        if answer.status_code == 405 and method == "GET" and not answer.headers.get("allow"):
            methods.add("POST")
    return frozenset(methods)


def tried(api: Asked) -> list[Operation]:
    """Common paths that take a POST; none where the API says so of any path."""
    if "POST" in allowed(api, NOWHERE):
        return []
    return [
        Operation(method="POST", path=path, why="it takes a POST, by OPTIONS or 405", sure=False)
        for path in SENDS
        if "POST" in allowed(api, path)
    ][:5]


def is_there(api: Asked, one: Operation) -> bool:
    """Whether the running API has an operation of the source; one with a parameter can't be asked for."""
    if one.parameters:
        return True
    if one.method == "GET":
        answer = api.ask("GET", one.path)
        return answer is not None and answer.status_code not in (404, 405)
    return one.method in allowed(api, one.path)
