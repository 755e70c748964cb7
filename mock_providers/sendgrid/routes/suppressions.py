"""Showing and changing the suppressions: `/v3/suppression` and `/v3/asm`."""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Answer
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.routes.visit import Route, Visit, not_found, shown
from mock_providers.sendgrid.rules import is_address
from mock_providers.sendgrid.state.suppressions import KINDS, Group, Suppressions


def _list(visit: Visit) -> Answer:
    start, end = visit.number("start_time", 0), visit.number("end_time", 10**11)
    entries = [one for one in _suppressions(visit).lists[visit.args[0]].values() if start <= one["created"] <= end]
    return shown(visit.page(entries))


def _get(visit: Visit) -> Answer:
    entry = _suppressions(visit).lists[visit.args[0]].get(visit.args[1].lower())
    return shown([entry] if entry is not None else [])


def _delete(visit: Visit) -> Answer:
    entries = _suppressions(visit).lists[visit.args[0]]
    if len(visit.args) > 1:
        if entries.pop(visit.args[1].lower(), None) is None:
            raise not_found("resource")
        return Answer(204)
    body = visit.body()
    if body.get("delete_all") is True:
        entries.clear()
        return Answer(204)
    for email in _emails(body.get("emails"), "emails"):
        entries.pop(email.lower(), None)
    return Answer(204)


def _add_global(visit: Visit) -> Answer:
    emails = _emails(visit.body().get("recipient_emails"), "recipient_emails")
    for email in emails:
        _suppressions(visit).add("unsubscribes", email, now=visit.account.now())
    return shown({"recipient_emails": emails}, 201)


def _get_global(visit: Visit) -> Answer:
    found = visit.args[0].lower() in _suppressions(visit).lists["unsubscribes"]
    return shown({"recipient_email": visit.args[0]} if found else {})


def _delete_global(visit: Visit) -> Answer:
    _suppressions(visit).lists["unsubscribes"].pop(visit.args[0].lower(), None)
    return Answer(204)


def _create_group(visit: Visit) -> Answer:
    name, description = visit.text("name"), visit.body().get("description", "")
    if not isinstance(description, str):
        raise SendGridError(400, Problem("The description must be a string.", "description"))
    group = _suppressions(visit).add_group(name=name, description=description)
    group.is_default = visit.body().get("is_default") is True
    return shown(group.to_json(), 201)


def _list_groups(visit: Visit) -> Answer:
    return shown([group.to_json() for group in _suppressions(visit).groups.values()])


def _get_group(visit: Visit) -> Answer:
    return shown(_group(visit).to_json())


def _update_group(visit: Visit) -> Answer:
    group, body = _group(visit), visit.body()
    for name in ("name", "description"):
        if isinstance(body.get(name), str):
            setattr(group, name, body[name])
    return shown(group.to_json(), 201)


def _delete_group(visit: Visit) -> Answer:
    del _suppressions(visit).groups[_group(visit).id]
    return Answer(204)


def _add_members(visit: Visit) -> Answer:
    group, emails = _group(visit), _emails(visit.body().get("recipient_emails"), "recipient_emails")
    group.members |= dict.fromkeys((email.lower() for email in emails), int(visit.account.now()))
    return shown({"recipient_emails": emails}, 201)


def _list_members(visit: Visit) -> Answer:
    return shown(list(_group(visit).members))


def _remove_member(visit: Visit) -> Answer:
    _group(visit).members.pop(visit.args[1].lower(), None)
    return Answer(204)


def _search_members(visit: Visit) -> Answer:
    group, emails = _group(visit), _emails(visit.body().get("recipient_emails"), "recipient_emails")
    return shown([email for email in emails if email.lower() in group.members])


def _all_members(visit: Visit) -> Answer:
    groups = _suppressions(visit).groups.values()
    return shown(
        [
            {"email": email, "group_id": group.id, "group_name": group.name, "created_at": at}
            for group in groups
            for email, at in group.members.items()
        ]
    )


def _groups_of(visit: Visit) -> Answer:
    email = visit.args[0].lower()
    groups = _suppressions(visit).groups.values()
    return shown(
        {
            "suppressions": [
                {
                    "description": group.description,
                    "id": group.id,
                    "is_default": group.is_default,
                    "name": group.name,
                    "suppressed": email in group.members,
                }
                for group in groups
            ]
        }
    )


def _suppressions(visit: Visit) -> Suppressions:
    """All lists, with what is due by now."""
    visit.webhooks.catch_up(visit.account)
    return visit.account.suppressions


def _group(visit: Visit) -> Group:
    group = _suppressions(visit).groups.get(int(visit.args[0]))
    if group is None:
        raise not_found("resource")
    return group


def _emails(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and is_address(one) for one in value):
        raise SendGridError(400, Problem(f"{name} must be a list of email addresses", name))
    return value


_KIND = rf"/v3/suppression/({'|'.join(KINDS)})"
_GROUP = r"/v3/asm/groups/(\d{1,12})"
_MEMBERS = "asm.groups.suppressions.read"
_GLOBAL = "/v3/asm/suppressions/global"

ROUTES = [
    Route("suppression.list", "GET", _KIND, _list, scope="suppression.read"),
    Route("suppression.get", "GET", rf"{_KIND}/([^/]+)", _get, scope="suppression.read"),
    Route("suppression.delete", "DELETE", _KIND, _delete, scope="suppression.delete"),
    Route("suppression.delete", "DELETE", rf"{_KIND}/([^/]+)", _delete, scope="suppression.delete"),
    Route("asm.global.add", "POST", _GLOBAL, _add_global, scope="suppression.create"),
    Route("asm.global.get", "GET", rf"{_GLOBAL}/([^/]+)", _get_global, scope="suppression.read"),
    Route("asm.global.delete", "DELETE", rf"{_GLOBAL}/([^/]+)", _delete_global, scope="suppression.delete"),
    Route("asm.groups.create", "POST", r"/v3/asm/groups", _create_group, scope="asm.groups.create"),
    Route("asm.groups.list", "GET", r"/v3/asm/groups", _list_groups, scope="asm.groups.read"),
    Route("asm.groups.get", "GET", _GROUP, _get_group, scope="asm.groups.read"),
    Route("asm.groups.update", "PATCH", _GROUP, _update_group, scope="asm.groups.update"),
    Route("asm.groups.delete", "DELETE", _GROUP, _delete_group, scope="asm.groups.delete"),
    Route("asm.members.add", "POST", rf"{_GROUP}/suppressions", _add_members, scope="asm.groups.update"),
    Route("asm.members.search", "POST", f"{_GROUP}/suppressions/search", _search_members, scope=_MEMBERS),
    Route("asm.members.all", "GET", "/v3/asm/suppressions", _all_members, scope=_MEMBERS),
    Route("asm.members.groups", "GET", "/v3/asm/suppressions/(?!global(?:/|$))([^/]+)", _groups_of, scope=_MEMBERS),
    Route("asm.members.list", "GET", rf"{_GROUP}/suppressions", _list_members, scope="asm.groups.read"),
    Route("asm.members.remove", "DELETE", rf"{_GROUP}/suppressions/([^/]+)", _remove_member, scope="asm.groups.update"),
]
