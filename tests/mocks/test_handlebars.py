"""Dynamic templates: the cases of SendGrid's "Using Handlebars", and what Handlebars itself says of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from mock_providers.handlebars import TemplateError, parse, render


def filled(source: str, data: Any) -> str:
    return render(parse(source), data)


def squeezed(text: str) -> str:
    return " ".join(text.split())


ASKED = (
    "{{#if user.profile.male}}Dear Sir{{else if user.profile.female}}Dear Madame{{else}}Dear Customer{{/if}}",
    "{{#if user.suspended}}Warning! Please call: {{@root.supportPhone}}{{/if}}",
    "{{#unless user.active}}Suspended, please call: {{@root.supportPhone}}{{/unless}}",
    "Hello Ben! {{#greaterThan scoreOne scoreTwo}}Congratulations.{{else}}Close.{{/greaterThan}} Thanks.",
    "Hello Ben! {{#lessThan scoreOne scoreTwo}}Close.{{/lessThan}} Thanks.",
    "{{#equals customerCode winningCode}}winning{{else}}not{{/equals}}",
    "{{#notEquals customerCode winningCode}}not{{else}}winning{{/notEquals}}",
    "{{#and favoriteFood favoriteDrink}}Thanks{{else}}If you finish{{/and}}.",
    "{{#or isRunner isCyclist}}trails{{else}}more{{/or}}.",
    "{{#greaterThan (length cartItems) 0}}items{{else}}browsing{{/greaterThan}}",
)
"""Conditions, as the vendor's page has them, in short words."""
ORDERS = {"user": {"orderHistory": [{"date": "2/1/2018", "item": "shoes"}, {"date": "1/4/2017", "item": "hat"}]}}
STORIES = {
    "user": {
        "story": [
            {"male": True, "date": "2/1/2018", "item": "shoes"},
            {"male": True, "date": "1/4/2017"},
            {"female": True, "item": "shirt"},
        ]
    }
}
PARTS = (
    "{{#each user.story}} {{#if this.male}} {{#if this.date}}<p>{{this.date}}</p>{{/if}} {{#if this.item}}<p>"
    "{{this.item}}</p>{{/if}} {{else if this.female}} {{#if this.date}}<p>{{this.date}}</p>{{/if}} {{#if this.item}}"
    "<p>{{this.item}}</p>{{/if}} {{/if}} {{/each}}"
)


@pytest.mark.parametrize(
    ("source", "data", "shown"),
    [
        ("<p>Hello {{ firstName }}</p>", {"firstName": "Ben"}, "<p>Hello Ben</p>"),
        ("<p>Hello {{user.profile.firstName}}</p>", {"user": {"profile": {"firstName": "Ben"}}}, "<p>Hello Ben</p>"),
        ("<p>Hello {{user.profile.firstName}}</p>", {"user": ORDERS["user"]}, "<p>Hello </p>"),
        ("<p>Hello {{{firstName}}}</p>", {"firstName": "<strong>Ben</strong>"}, "<p>Hello <strong>Ben</strong></p>"),
        ("Hello {{firstName}}", {"firstName": '<b>O\'Neil & "x"'}, "Hello &lt;b&gt;O&#x27;Neil &amp; &quot;x&quot;"),
        (
            'Hello {{insert name "default=Customer"}}! About {{insert businessName "your business"}}.',
            {"name": "Ben", "businessName": "Twilio SendGrid"},
            "Hello Ben! About Twilio SendGrid.",
        ),
        (
            'Hello {{insert name "default=Customer"}}! About {{insert businessName "your business"}}.',
            {"businessName": ""},
            "Hello Customer! About your business.",
        ),
        (ASKED[0], {"user": {"profile": {"male": True}}}, "Dear Sir"),
        (ASKED[0], {"user": {"profile": {"female": True}}}, "Dear Madame"),
        (ASKED[0], {"user": {"profile": {}}}, "Dear Customer"),
        (
            ASKED[1],
            {"user": {"suspended": True}, "supportPhone": "1-800"},
            "Warning! Please call: 1-800",
        ),
        (ASKED[2], {"user": {"active": False}, "supportPhone": "1-800"}, "Suspended, please call: 1-800"),
        (ASKED[3], {"scoreOne": 100, "scoreTwo": 78}, "Hello Ben! Congratulations. Thanks."),
        (ASKED[3], {"scoreOne": 55, "scoreTwo": 78}, "Hello Ben! Close. Thanks."),
        (ASKED[3], {"scoreOne": "100", "scoreTwo": "78"}, "Hello Ben! Congratulations. Thanks."),
        (ASKED[4], {"scoreOne": 55, "scoreTwo": 78}, "Hello Ben! Close. Thanks."),
        (ASKED[4], {"scoreOne": 100, "scoreTwo": 78}, "Hello Ben! Thanks."),
        (ASKED[5], {"customerCode": 289199, "winningCode": 289199}, "winning"),
        (ASKED[5], {"customerCode": 289199, "winningCode": "289199"}, "winning"),
        (ASKED[5], {"customerCode": 167320, "winningCode": 289199}, "not"),
        ('{{#equals 3 "3"}}y{{/equals}}{{#notEquals 3 "3"}}n{{/notEquals}}', {}, "y"),
        (ASKED[6], {"customerCode": 167320, "winningCode": 289199}, "not"),
        (ASKED[6], {"customerCode": 289199, "winningCode": 289199}, "winning"),
        (ASKED[7], {"favoriteFood": "Pasta", "favoriteDrink": ""}, "If you finish."),
        (ASKED[7], {"favoriteFood": "Pasta", "favoriteDrink": "Coffee"}, "Thanks."),
        (ASKED[7], {"favoriteFood": 0.0, "favoriteDrink": "Coffee"}, "If you finish."),
        (ASKED[7], {"favoriteFood": -1, "favoriteDrink": "0"}, "Thanks."),
        (ASKED[8], {"isRunner": True, "isCyclist": False}, "trails."),
        (ASKED[8], {"isRunner": False, "isCyclist": False}, "more."),
        (ASKED[8], {"isRunner": False, "isCyclist": True}, "trails."),
        (ASKED[9], {"cartItems": ["raft", "water bottle", "sleeping bag"]}, "items"),
        (ASKED[9], {"cartItems": []}, "browsing"),
        ("{{length a}}{{length b}}{{length c}}{{length d}}", {"a": "four", "b": [1, 2], "c": 7, "d": {"x": 1}}, "4200"),
        (
            "<ol>{{#each user.orderHistory}}<li>You ordered: {{this.item}} on: {{this.date}}</li>{{/each}}</ol>",
            ORDERS,
            "<ol><li>You ordered: shoes on: 2/1/2018</li><li>You ordered: hat on: 1/4/2017</li></ol>",
        ),
        (PARTS, STORIES, "<p>2/1/2018</p> <p>shoes</p> <p>1/4/2017</p> <p>shirt</p>"),
        (
            "{{#if people}}<p>People:</p>{{#each people}}<p>{{this.name}}</p>{{/each}}{{/if}}",
            {"people": [{"name": "Bob"}, {"name": "Sally"}]},
            "<p>People:</p><p>Bob</p><p>Sally</p>",
        ),
    ],
)
def test_what_the_vendors_page_shows(source: str, data: Any, shown: str) -> None:
    assert squeezed(filled(source, data)) == shown


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        *(("YYYY", "2020"), ("YY", "20"), ("MMMM", "January"), ("MMM", "Jan"), ("MM", "01"), ("M", "1"), ("DD", "01")),
        *(("D", "1"), ("dddd", "Wednesday"), ("ddd", "Wed"), ("hh", "03"), ("h", "3"), ("HH", "15"), ("H", "15")),
        *(("mm", "00"), ("m", "0"), ("ss", "00"), ("s", "0"), ("A", "PM"), ("ZZ", "-0800"), ("Z", "-08:00")),
        *(("MMMM DD, YYYY h:mm:ssA", "January 01, 2020 3:00:00PM"), ("[Day] D", "Day 1"), ("", ""), ("x-y", "x-y")),
    ],
)
def test_a_date_in_each_token(token: str, shown: str) -> None:
    data = {"timeStamp": "2020-01-01T23:00:00.000Z", "dateFormat": token, "timezoneOffset": "-0800"}
    assert filled("{{formatDate timeStamp dateFormat timezoneOffset}}", data) == shown


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        *(("2020-01-01T23:00:00.000Z", "2020-01-01 23:00"), ("2020-01-01T23:00:00+01:00", "2020-01-01 22:00")),
        *((1577919600, "2020-01-01 23:00"), (1577919600000, "2020-01-01 23:00"), ("1577919600", "2020-01-01 23:00")),
        *((0, "1970-01-01 00:00"), ("2020-01-01", "2020-01-01 00:00"), (1577919600.5, "2020-01-01 23:00")),
        *(("soon", "Invalid date"), (None, "Invalid date"), (True, "Invalid date"), (1e300, "Invalid date")),
        *(([], "Invalid date"), (-(10**17), "Invalid date"), ("9" * 90, "Invalid date"), (10**400, "Invalid date")),
        ("9999-12-31T23:59:59-10:00", "Invalid date"),
    ],
)
def test_a_date_of_any_kind(moment: Any, shown: str) -> None:
    assert filled('{{formatDate t "YYYY-MM-DD HH:mm"}}', {"t": moment}) == shown


@pytest.mark.parametrize(
    ("offset", "shown"),
    [("+0530", "04:30"), ("-08:00", "15:00"), ("nonsense", "23:00"), ("+9999", "22:59"), ("", "23:00")],
)
def test_a_date_at_any_offset(offset: str, shown: str) -> None:
    data = {"t": "2020-01-01T23:00:00Z", "o": offset}
    assert filled('{{formatDate t "HH:mm" o}}', data) == shown


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{a", "line 1: a tag is not closed"),
        ("x\n\n{{#if a}}", "line 3: {{#if}} is not closed"),
        ("{{#if a}}{{/each}}", "line 1: {{/each}} closes {{#if}} of line 1"),
        ("{{/if}}", "closes no block"),
        ("{{else}}", "stands in no block"),
        ("{{#if a}}{{else}}{{else}}{{/if}}", "has a second {{else}}"),
        ("{{}}", "a name should stand before the end of the tag"),
        ("{{{a}}", "as many brackets"),
        ("{{a}}}", "as many brackets"),
        ("{{a.0}}", "a name should stand before 0"),
        ("{{a.this}}", "this stands first"),
        ("{{a b=1 c}}", "stands last"),
        ("{{> p}}", "partials"),
        ("{{#> p}}", "partials"),
        ("{{* d}}", "decorators"),
        ("{{{{raw}}}}x{{{{/raw}}}}", "raw blocks"),
        ("{{<b>name</b>}}", "'<' can't stand there"),
        ('{{#equals a "b}}x{{/equals}}', "a string is not closed"),
        ("{{a (b}}", "a ( is not closed"),
        ("{{#each a as |}}{{/each}}", "names stand between bars"),
    ],
)
def test_a_broken_template_is_refused(source: str, says: str) -> None:
    with pytest.raises(TemplateError, match="line") as refused:
        parse(source)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{shout a}}", "line 1: there is no helper shout; there are and, each, equals,"),
        ("\n{{#shout a}}x{{/shout}}", "line 2: there is no helper shout"),
        ("{{#if}}x{{/if}}", "if takes 1 value, not 0"),
        ("{{#if a b}}x{{/if}}", "if takes 1 value, not 2"),
        ("{{#each}}x{{/each}}", "each takes 1 value, not 0"),
        ("{{#equals a}}x{{/equals}}", "equals takes 2 values, not 1"),
        ("{{insert a b c}}", "insert takes 1 to 2 values, not 3"),
        ("{{formatDate a}}", "formatDate takes 2 to 3 values, not 1"),
        ("{{if a}}", "if is for blocks: {{#if …}} … {{/if}}"),
    ],
)
def test_what_no_helper_takes_is_told(source: str, says: str) -> None:
    with pytest.raises(TemplateError) as refused:
        filled(source, {"a": 1, "b": 2})
    assert says in str(refused.value)


def test_names_of_helpers_may_be_the_datas() -> None:
    data = {"length": 3, "equals": "e", "insert": "i", "and": [1, 2]}
    assert filled("{{length}}{{equals}}{{insert}}{{#and}}{{this}}{{/and}}{{this.length}}", data) == "3ei123"
