"""An API's operations, wherever they were read: which of them sends, which shows a message, which takes webhooks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from harness.discovery.draft import Draft, Sure
from harness.discovery.words import HOOKS, ID, READY, SENDS, STATUS, channels_of, first, folded, meaning
from harness.profile.base import CHANNELS
from harness.profile.requests import CONTRACT

PARAMETER: Final = re.compile(r"\{[^{}]*\}|:\w+|<[^<>]*>")
"""A parameter in a path, as OpenAPI, Express and Flask write it."""
DEEPEST: Final = 6
KEYED: Final = ("idempotency", "request-key", "dedup")
"""What the header of an idempotency key is called, in part."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that an API does: `body` is what it takes, as a tree of names, with a type's name at each leaf."""

    method: str
    path: str
    why: str
    body: Mapping[str, Any] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    form: bool = False
    kinds: tuple[str, ...] = ()
    """The values that the field of the channel may have."""
    answer: Any = None
    """What it answers, as a tree like `body`."""
    code: int | None = None
    headers: tuple[str, ...] = ()
    sure: bool = True
    """Whether it was told whole, and not only found by trying or by a name."""

    @property
    def template(self) -> str:
        """The path with `{id}` for its only parameter."""
        return PARAMETER.sub("{id}", self.path)

    @property
    def parameters(self) -> int:
        return len(PARAMETER.findall(self.path))


def apply(operations: Sequence[Operation], draft: Draft) -> Operation | None:
    """Puts into the draft what an API's operations say; returns the one that sends, None where none does."""
    sending = send_of(operations)
    if sending is not None:
        put_send(sending, draft)
        put_look(sending, operations, draft)
    put_ready(operations, draft)
    put_webhooks(operations, draft)
    put_lists(operations, draft)
    return sending


def send_of(operations: Iterable[Operation]) -> Operation | None:
    """The operation that most looks like a send."""
    scored = [(score(one), -number, one) for number, one in enumerate(operations)]
    best = max(scored, default=None, key=lambda entry: entry[:2])
    return best[2] if best is not None and best[0] > 0 else None


def score(one: Operation) -> int:
    if one.method not in ("POST", "PUT") or one.parameters:
        return 0
    path = one.path.lower()
    if any(word in path for word in HOOKS):
        return 0
    named = {meaning(name) for name in leaves(one.body)}
    return (
        2 * ("to" in named)
        + 2 * ("body" in named)
        + ("subject" in named)
        + sum(word in path for word in SENDS)
        - 2 * any(word in path for word in ("login", "auth", "token", "user", "validate", "compat"))
    )


def leaves(tree: Any, depth: int = 0) -> list[str]:
    """The names in a tree, of whatever depth."""
    if not isinstance(tree, Mapping) or depth > DEEPEST:
        return []
    return [name for own, below in tree.items() for name in (own, *leaves(below, depth + 1))]


def put_send(one: Operation, draft: Draft) -> None:
    names = ", ".join(dict.fromkeys(leaves(one.body)))
    why = f"{one.why}: {one.method} {one.path}" + (f" takes {names}" if names else "")
    sure: Sure = "likely" if one.sure else "guess"
    draft.put(("send", "path"), one.path, why, sure)
    if one.method != "POST":
        draft.put(("send", "method"), one.method, why, sure)
    if one.body:
        body, strange = template(one)
        more = f"; look what {', '.join(strange)} must be" if strange else ""
        draft.put(("send", "body"), body, f"{why}{more}", "guess" if strange else sure)
        if one.form:
            draft.put(("send", "format"), "form", why, sure)
    else:
        draft.ask(("send", "body"), {"to": "{to}", "text": "{body}"}, "the names of a send's fields")
    put_pointers(one, draft)
    key = next((name for name in one.headers if any(word in name.lower() for word in KEYED)), None)
    if key is not None:
        draft.put(("send", "idempotency"), key, f"{one.why}: {one.path} takes the header {key}", sure)
    elif one.headers:
        named = ", ".join(one.headers)
        draft.ask(("send", "idempotency"), one.headers[0], f"which header of a send is its key, if any: {named}")
    else:
        draft.put(("send", "idempotency"), "", f"{one.why}: {one.path} takes no such header", "guess")
        draft.put(("claims", "idempotency"), False, f"{one.why}: {one.path} takes no such header", "guess")
    said = [kind for kind in one.kinds if kind in CHANNELS]
    spoken = said or channels_of(one.path, leaves(one.body))
    if spoken:
        draft.put(
            ("claims", "channels"), [one for one in CHANNELS if one in spoken], why, "likely" if said else "guess"
        )


def put_pointers(one: Operation, draft: Draft) -> None:
    for key, names in ((("send", "id"), ID), (("send", "status"), STATUS)):
        pointer = pointer_to(one.answer, names)
        if pointer is not None:
            draft.put(key, pointer, f"{one.why}: what {one.method} {one.path} answers")
    if one.code is not None and one.answer and pointer_to(one.answer, STATUS) is None:
        draft.put(("send", "status"), "", f"{one.why}: what {one.method} {one.path} answers has none")


def template(one: Operation) -> tuple[Any, list[str]]:
    """A send's body with placeholders, and the required names that nobody can fill."""
    strange: list[str] = []

    def filled(tree: Mapping[str, Any], required: frozenset[str], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, below in tree.items():
            what = meaning(name)
            if isinstance(below, Mapping) and below and depth < DEEPEST:
                inner = filled(below, frozenset(below), depth + 1)
                if inner:
                    found[name] = inner
            elif what is not None and what not in taken:
                taken.add(what)
                found[name] = [f"{{{what}}}"] if what == "to" and below == "array" else f"{{{what}}}"
            elif name in required and what is None:
                strange.append(name)
                found[name] = {"integer": 1, "number": 1, "boolean": False, "array": []}.get(str(below), "x")
        return found

    taken: set[str] = set()
    return filled(one.body, one.required, 0), strange


def pointer_to(tree: Any, names: Sequence[str], *, at: str = "", depth: int = 0) -> str | None:
    """Where in an answer the likeliest of these names stands, as a JSON pointer; nearest to the top first."""
    if not isinstance(tree, Mapping) or depth > DEEPEST:
        return None
    plain = [name for name, below in tree.items() if not isinstance(below, Mapping)]
    own = first(plain, names)
    if own is not None:
        return f"{at}/{escaped(own)}"
    inner = (pointer_to(below, names, at=f"{at}/{escaped(name)}", depth=depth + 1) for name, below in tree.items())
    return next((found for found in inner if found is not None), None)


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def put_look(sending: Operation, operations: Sequence[Operation], draft: Draft) -> None:
    near = sending.path.rstrip("/")
    gets = [
        one
        for one in operations
        if one.method == "GET" and one.parameters == 1 and one.template.rstrip("/").endswith("{id}")
    ]
    fitting = [one for one in gets if common(one.path, near) >= 1 and not any(h in one.path.lower() for h in HOOKS)]
    best = max(fitting, default=None, key=lambda one: (common(one.path, near), -len(one.path)))
    if best is None:
        draft.ask(("look", "path"), f"{near}/{{id}}", 'where one message is shown; "" where it is nowhere')
        return
    why = f"{best.why}: GET {best.path}"
    draft.put(("look", "path"), best.template, why, "likely" if best.sure else "guess")
    status = pointer_to(best.answer, STATUS)
    if status is not None:
        draft.put(("look", "status"), status, f"{why}, and what it answers")


def common(path: str, other: str) -> int:
    """How many parts of two paths are the same from the first on; versions and `api` say nothing."""
    parts, others = ([folded(part) for part in one.split("/") if part] for one in (path, other))
    same = 0
    for one, two in zip(parts, others, strict=False):
        if one.rstrip("s") != two.rstrip("s"):
            break
        same += not re.fullmatch(r"api|v\d+", one)
    return same


def put_ready(operations: Sequence[Operation], draft: Draft) -> None:
    known = {one.path: one for one in operations if one.method == "GET"}
    path = next((path for path in READY if path in known and path != "/"), None)
    if path is not None:
        draft.put(("api", "ready"), path, f"{known[path].why}: GET {path}")


def put_webhooks(operations: Sequence[Operation], draft: Draft) -> None:
    posts = [one for one in operations if one.method == "POST" and any(word in one.path.lower() for word in HOOKS)]
    for kind, words in (("sms", ("twilio", "sms", "text")), ("email", ("sendgrid", "mail"))):
        one = next((one for one in posts if any(word in one.path.lower() for word in words)), None)
        if one is not None:
            draft.put(("webhooks", kind, "path"), one.path, f"{one.why}: POST {one.path}")
        elif operations:
            draft.put(("webhooks", kind, "path"), "", f"{operations[0].why}: no POST that looks like one")
    if operations and not posts:
        draft.put(("claims", "webhooks"), False, f"{operations[0].why}: no POST that looks like one")


def put_lists(operations: Sequence[Operation], draft: Draft) -> None:
    gets = {one.path: one for one in operations if one.method == "GET" and not one.parameters}
    spoken = next((path for path in gets if path.rstrip("/").endswith("conversations")), None)
    why = operations[0].why if operations else ""
    if spoken is not None:
        draft.put(("conversations", "path"), spoken, f"{gets[spoken].why}: GET {spoken}")
        deeper = next(
            (
                one
                for one in operations
                if one.method == "GET"
                and one.path.startswith(spoken.rstrip("/") + "/")
                and one.template.rstrip("/").endswith("{id}/messages")
            ),
            None,
        )
        if deeper is not None:
            draft.put(("conversations", "messages"), deeper.template, f"{deeper.why}: GET {deeper.path}")
    elif operations:
        draft.put(("conversations", "path"), "", f"{why}: no GET of that name")
        draft.put(("claims", "conversations"), False, f"{why}: no GET of that name")
    look = draft.get("look", "path", default="").removesuffix("/{id}").rstrip("/")
    listing = next((path for path in gets if look and path.rstrip("/") == look), None)
    if listing is not None:
        draft.put(("listing", "path"), listing, f"{gets[listing].why}: GET {listing}")
    elif operations:
        draft.put(("listing", "path"), "", f"{why}: no GET that lists them")


def is_the_contract(body: Any) -> bool:
    """Whether a body has what the contract's has, so that it needn't be said."""
    return isinstance(body, Mapping) and dict(body) == CONTRACT
