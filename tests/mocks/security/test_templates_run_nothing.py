"""A template is data: no part of it is run, no object is looked into, and it takes a bounded number of steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tenants import SendGridTenant

from mock_providers.handlebars import Budget, LimitError, Limits, TemplateError, parse, render
from mock_providers.handlebars.limits import DEPTH, PARTS, SOURCE


def template(sendgrid: SendGridTenant, html: str, **more: Any) -> str:
    """The id of a new dynamic template with this HTML."""
    made = sendgrid.request("POST", "/templates", json={"name": "t", "generation": "dynamic"}).json()
    version = {"name": "v", "subject": "s", "html_content": html} | more
    assert sendgrid.request("POST", f"/templates/{made['id']}/versions", json=version).status_code == 201
    return str(made["id"])


def shown(sendgrid: SendGridTenant, html: str, data: Any) -> dict[str, Any]:
    """What the recipient of a mail would see of it."""
    people = {"to": [{"email": "a@example.com"}], "dynamic_template_data": data}
    sendgrid.send(personalizations=[people], template_id=template(sendgrid, html))
    call = sendgrid.entries(type="called", endpoint="mail.send")[-1]["seq"]
    response = sendgrid.http.get(f"/_mock/calls/{call}/rendered")
    assert response.status_code == 200, response.text
    mail: dict[str, Any] = response.json()["mails"][0]
    return mail


PYTHON = [
    "{{[a'+str(open(FILE,'w').write('x'))+']}}",
    '{{[a"+str(open(FILE,"w").write("x"))+"]}}',
    "{{a.[b'+str(open(FILE,'w').write('x'))+']}}",
    "{{#if [a'+str(open(FILE,'w').write('x'))+']}}y{{/if}}",
    "{{#each [a'+str(open(FILE,'w').write('x'))+']}}y{{/each}}",
    "{{\"a'+str(open(FILE,'w').write('x'))+'\"}}",
    "{{insert a \"'+str(open(FILE,'w').write('x'))+'\"}}",
    "{{lookup a [x'+str(open(FILE,'w').write('x'))+']}}",
    "{{@[a'+str(open(FILE,'w').write('x'))+']}}",
    "{{#a}}{{/[a'+str(open(FILE,'w').write('x'))+']}}",
    "\\'+str(open(FILE,'w').write('x'))+'{{a}}",
    "\n'''\n+str(open(FILE,'w').write('x'))+'''{{! '''+str(open(FILE,'w').write('x')) }}",
    "{{#if a as |x'+str(open(FILE,'w').write('x'))+'|}}{{/if}}",
    "{{a.0.__class__.__base__.__subclasses__}}{open(FILE,'w')}%(a)s${a}{0.__class__}",
]


@pytest.mark.parametrize("source", PYTHON)
def test_no_part_of_a_template_is_run(sendgrid: SendGridTenant, tmp_path: Path, source: str) -> None:
    written = tmp_path / "written"
    shown(sendgrid, source.replace("FILE", f"'{written}'" if "'+" in source else f'"{written}"'), {"a": [1]})
    assert not written.exists()


NAMES = (
    *("__class__", "a.__class__", "s.__class__", "s.upper", "d.keys", "d.items", "l.append", "n.real", "f.hex"),
    *("l.__len__", "a.__init__.__globals__", "d.get", "this.__class__", "@root.__class__", "../__class__", "__proto__"),
)


@pytest.mark.parametrize("name", NAMES)
def test_only_keys_and_indices_are_looked_up(name: str) -> None:
    data = {"a": {}, "s": "text", "d": {"x": 1}, "l": [1], "n": 7, "f": 1.5}
    assert render(parse(f"<{{{{{name}}}}}{{{{#if {name}}}}}y{{{{/if}}}}>"), data) == "<>"


def test_keys_that_look_like_attributes_are_keys() -> None:
    data = {"__class__": 1, "o": {"__proto__": 2, "7": 3, "keys": 4}}
    assert render(parse("{{__class__}}{{o.__proto__}}{{o.[7]}}{{o.keys}}"), data) == "1234"


ENDLESS: list[tuple[str, Any]] = [
    ("{{#each l}}{{#each ../l}}{{#each ../../l}}x{{/each}}{{/each}}{{/each}}", {"l": list(range(1000))}),
    ("{{#each l}}{{#each ../l}}{{/each}}{{/each}}", {"l": list(range(10_000))}),
    ("{{#each l}}{{../s}}{{/each}}", {"l": [0] * 1000, "s": "s" * 100_000}),
    ("{{#each l}}{{{../s}}}{{/each}}", {"l": [0] * 1000, "s": "<" * 100_000}),
    ("{{#each l}}{{../l}}{{/each}}", {"l": [[0] * 10] * 3000}),
    ("{{#each d}}{{#each ../d}}{{#each ../../d}}{{/each}}{{/each}}{{/each}}", {"d": {str(n): n for n in range(1000)}}),
    ("{{#each l}}{{#equals ../s ../t}}{{/equals}}{{/each}}", {"l": [0] * 9000, "s": "s" * 900_000, "t": "s" * 900_000}),
    ("{{#each l}}{{#if (insert ../n ../s)}}{{/if}}{{/each}}", {"l": [0] * 9000, "s": "default=" + "s" * 900_000}),
    ("{{#each l}}{{#if (formatDate 1 ../s)}}{{/if}}{{/each}}", {"l": [0] * 9000, "s": "YYYY" * 100_000}),
    ("{{#each l}}" + "{{#with ../s}}" * 30 + "{{/with}}" * 30 + "{{/each}}", {"l": [0] * 9000, "s": "s" * 900_000}),
]


@pytest.mark.parametrize(("source", "data"), ENDLESS, ids=range(len(ENDLESS)))
def test_filling_in_is_bounded(source: str, data: Any) -> None:
    budget = Budget(Limits(steps=10_000, output=1_000_000))
    began = time.process_time()
    with pytest.raises(LimitError, match="more than"):
        render(parse(source), data, budget)
    # by a thousand times what the steps take: it is about bounds, not about speed
    assert time.process_time() - began < 10


BROKEN: list[tuple[Callable[[], str], str]] = [
    (lambda: "x" * (SOURCE + 1), "characters"),
    (lambda: "{{a}}" * PARTS, "words"),
    (lambda: "{{a " + "b " * PARTS + "}}", "words"),
    (lambda: "\\{{" * (PARTS + 1), "words"),
    (lambda: "{{#if a}}" * (DEPTH + 1), "blocks inside one another"),
    (lambda: "{{a " + "(b " * (DEPTH + 1) + "}}", "brackets inside one another"),
    (lambda: "{{#a}}" * 50_000 + "{{/a}}" * 50_000, "blocks inside one another"),
    (lambda: "{{a (" * 50_000, "can't stand there"),
    (lambda: "{{!--" * 100_000, "not closed"),
    (lambda: "{{[" * 100_000, "not closed"),
    (lambda: "{{'" + "\\'" * 200_000, "not closed"),
    (lambda: "{{" + " " * 900_000, "not closed"),
    (lambda: "{{a as" + " " * 900_000, "not closed"),
    (lambda: "{{" + "1" * 900_000 + "x", "not closed"),
    (lambda: "{{" + "a" * 900_000, "not closed"),
    (lambda: "{{" + "." * 900_000, "words"),
    (lambda: "{{" + "~" * 900_000, "can't stand there"),
]


@pytest.mark.parametrize(("source", "says"), BROKEN, ids=range(len(BROKEN)))
def test_reading_is_bounded(source: Callable[[], str], says: str) -> None:
    text = source()
    began = time.process_time()
    with pytest.raises(TemplateError, match=says):
        parse(text)
    assert time.process_time() - began < 10


PIECES = (
    *("{{!-- x --}}", "{{! x}}", "\\{{a}}", "{{#a}}\n {{/a}}", "{{~a~}}   ", "{{[a]}}"),
    "{{#if a}}x{{else if b}}y{{/if}}",
)


@pytest.mark.parametrize("piece", PIECES)
def test_reading_takes_time_in_proportion(piece: str) -> None:
    def least(count: int) -> float:
        source = piece * count + " " * count
        times = []
        for _ in range(5):
            began = time.process_time()
            parse(source)
            times.append(time.process_time() - began)
        return min(times)

    parse(piece)
    small, large = least(300), least(1200)
    # four times the text; a square would take sixteen times as long
    assert large < 10 * small + 0.005


def test_substitutions_are_bounded(sendgrid: SendGridTenant) -> None:
    doubling = {chr(97 + n): chr(98 + n) * 2 for n in range(25)} | {"z": "zz" * 100}
    people = {"to": [{"email": "a@example.com"}], "substitutions": doubling}
    sendgrid.send(personalizations=[people], content=[{"type": "text/plain", "value": "a" * 100}])
    call = sendgrid.entries(type="called")[-1]["seq"]
    [mail] = sendgrid.http.get(f"/_mock/calls/{call}/rendered").json()["mails"]
    assert "writes more than" in mail["error"]


def test_what_is_shown_of_a_mail_doesnt_grow_with_its_recipients(sendgrid: SendGridTenant) -> None:
    people = [{"to": [{"email": f"a{n}@example.com"}]} for n in range(1000)]
    sendgrid.send(personalizations=people, content=[{"type": "text/plain", "value": "x" * 100_000}])
    assert sendgrid.create(personalizations=[{}] * 300_000).status_code == 400
    for call, total in zip(sendgrid.entries(type="called"), (1000, 300_000), strict=True):
        response = sendgrid.http.get(f"/_mock/calls/{call['seq']}/rendered")
        shown = response.json()
        assert len(response.content) < 10_000_000
        assert len(shown["mails"]) + shown["left_out"] == total
        assert shown["mails"]


def test_the_server_goes_on_while_a_template_is_filled_in(sendgrid: SendGridTenant) -> None:
    html = "{{#each l}}{{#each ../l}}{{#each ../../l}}x{{/each}}{{/each}}{{/each}}"
    with ThreadPoolExecutor(4) as pool:
        data = {"l": list(range(3000))}
        waiting = [pool.submit(shown, sendgrid, html, data) for _ in range(2)]
        assert sendgrid.http.get("/_mock/health").json()["status"] == "ok"
        for mail in waiting:
            assert "takes more than" in mail.result(30)["error"]


def test_any_value_is_shown(sendgrid: SendGridTenant) -> None:
    html = "{{a}}|{{b}}|{{c}}|{{d}}|{{e}}|{{f}}|{{g}}|{{{h}}}|{{[1]}}|{{i.[0].j}}"
    data = {"a": "é", "b": True, "c": None, "d": 10**30, "e": 1e-7, "f": [1, [None, "x"]], "g": {"x": 1}, "h": "<",
            "1": "one", "i": [{"j": "k"}]}  # fmt: skip
    people = {"to": [{"email": "a@example.com"}], "dynamic_template_data": data}
    made = template(sendgrid, html)
    sendgrid.send(personalizations=[people], template_id=made)
    call = sendgrid.entries(type="called", endpoint="mail.send")[-1]["seq"]
    [mail] = sendgrid.http.get(f"/_mock/calls/{call}/rendered").json()["mails"]
    assert mail["content"][0]["value"] == "é|true||1e+30|1e-7|1,,x|[object Object]|<|one|k"
    assert mail["error"] is None


def test_a_surrogate_alone_is_a_character_like_others() -> None:
    assert render(parse("{{a}}\udfff{{#if a}}{{length a}}{{/if}}"), {"a": "\ud800"}) == "\ud800\udfff1"
