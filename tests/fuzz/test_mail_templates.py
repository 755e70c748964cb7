"""Mail templates of every kind over data of every kind: a bounded number of steps, and never a mistake of ours."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from target import Target

from mock_providers.handlebars import Budget, Limits, TemplateError, parse, render

ROUND = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
LIMITS = Limits(steps=5000, output=100_000)

PATHS = (
    *("a", "b", "l", "o", "this", "..", ".", "../a", "@index", "@key", "@root", "@../first", "a.b", "[x]", "l.[0]"),
    *("length", "__class__", "a.__dict__", "0", "1.5", "true", "null", "'s'", '"default=x"', "(length l)", "(a b)"),
    *("if", "each", "equals", "@root.a.b", "../../o"),
)
HELPERS = (
    *("if", "unless", "each", "with", "equals", "notEquals", "greaterThan", "lessThan", "and", "or", "a", "lookup"),
    *("insert", "formatDate", "length", "log", "", "shout", "^", "else", "> p", "* d", "!--", "!", "&", "{"),
)
SCRAPS = ("{{", "}}", "{{{", "}}}", "\\", "\\\\{{", "{{/if}}", "{{else}}", "\n", "~")
names = st.sampled_from(PATHS) | st.text(max_size=6)
helpers = st.sampled_from(HELPERS)
trims = st.sampled_from(["", "", "~"])


def tag(parts: tuple[str, str, list[str], str, str]) -> str:
    before, name, given_, names_, after = parts
    return "{{" + before + name + " " + " ".join(given_) + names_ + after + "}}"


def block(parts: tuple[str, list[str], str]) -> str:
    name, given_, inside = parts
    return f"{{{{#{name} {' '.join(given_)}}}}}{inside}{{{{/{name}}}}}"


endings = st.sampled_from(["", "", "", " as |x y|", " x=1", " as |"])
openers = helpers | helpers.map(lambda one: f"#{one}")
tags = st.tuples(trims, openers, st.lists(names, max_size=3), endings, trims).map(tag)
values = st.tuples(trims, st.just(""), st.lists(names, min_size=1, max_size=2), st.just(""), trims).map(tag)
blocks = st.sampled_from(["if", "each", "with", "unless", "equals"])
pieces = st.recursive(
    st.text(max_size=5) | values | tags | st.sampled_from(SCRAPS),
    lambda inner: (
        st.tuples(blocks, st.lists(names, max_size=2), inner).map(block) | st.lists(inner, max_size=4).map("".join)
    ),
    max_leaves=15,
)
keys = st.text(max_size=4) | st.sampled_from("ablo")
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)
NESTED = "{{#each l}}{{#each ../l}}{{#each ../../l}}{{this}}{{/each}}{{/each}}{{/each}}"
TWICE = "{{#each @root}}{{#each @root}}{{../this}}{{/each}}{{/each}}"


def keep_on(share: Callable[[], bool], test: Callable[[], None]) -> None:
    while True:
        test()
        if not share():
            return


def filled(source: str, data: Any) -> tuple[str, str]:
    """What a template shows, and why it doesn't."""
    budget = Budget(LIMITS)
    try:
        return render(parse(source), data, budget), ""
    except TemplateError as problem:
        return "", str(problem)


def test_templates_over_data(share: Callable[[], bool]) -> None:
    @ROUND
    @given(source=pieces, data=anything)
    @example(source=NESTED, data={"l": list(range(500))})
    @example(source=TWICE, data={str(n): "x" * n for n in range(200)})
    @example(source="{{formatDate a b}}", data={"a": 10**400, "b": "YYYY[" * 100})
    def run(source: str, data: Any) -> None:
        shown, problem = filled(source, data)
        assert len(shown) <= LIMITS.output
        assert problem or (shown, problem) == filled(source, data)

    keep_on(share, run)


def test_templates_over_the_wire(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    key = {"Authorization": f"Bearer {target.sendgrid.api_key}"}
    made = http.post("/v3/templates", json={"name": "t", "generation": "dynamic"}, headers=key).json()["id"]

    @ROUND
    @given(html=pieces, subject=pieces, data=st.dictionaries(st.sampled_from("ablo"), anything, max_size=4))
    def run(html: str, subject: str, data: dict[str, Any]) -> None:
        clean = {"html_content": html, "subject": subject, "plain_content": html}
        version = {"name": "v"} | {name: text.encode("utf-8", "replace").decode() for name, text in clean.items()}
        assert http.post(f"/v3/templates/{made}/versions", json=version, headers=key).status_code == 201
        person = {"to": [{"email": "a@b.co"}], "dynamic_template_data": strict(data)}
        mail = {"personalizations": [person], "from": {"email": "a@b.co"}, "template_id": made}
        assert http.post("/v3/mail/send", json=mail, headers=key).status_code == 202
        call = target.server.request("GET", "/calls?type=called&endpoint=mail.send&order=desc&limit=1")["entries"][0][
            "seq"
        ]
        [shown] = target.server.request("GET", f"/calls/{call}/rendered")["mails"]
        assert shown["error"] is None or isinstance(shown["error"], str)

    keep_on(share, run)


def strict(value: Any) -> Any:
    """What JSON and UTF-8 can say of a value."""
    if isinstance(value, dict):
        return {strict(name): strict(one) for name, one in value.items()}
    if isinstance(value, list):
        return [strict(one) for one in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return None if isinstance(value, float) and not isfinite(value) else value
