"""The Content API: templates, and asking WhatsApp to approve them, under `/v1/Content`."""

from __future__ import annotations

from typing import Any

from mock_providers import client_json
from mock_providers.asgi import Answer, Form, field
from mock_providers.twilio.errors import JSON, TwilioError
from mock_providers.twilio.routes.paging import v1_page
from mock_providers.twilio.routes.visit import Route, Visit
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.content import CATEGORIES, MOST_CONTENTS, Approval, Content, is_content_sid
from mock_providers.twilio.state.message import encode
from mock_providers.twilio.state.whatsapp import PREFIX

_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


def _create(visit: Visit) -> Answer:
    account, given = visit.account, visit.json()
    if len(account.contents) >= MOST_CONTENTS:
        raise TwilioError(20001, f"an account has {MOST_CONTENTS} templates at most; delete some")
    content = Content(account.sid("HX"), account_sid=account.name, now=account.now())
    content.change({**given, "types": given.get("types") or {}}, now=account.now())
    account.contents[content.sid] = content
    return _shown(content.to_json(visit.base), 201)


def _list(visit: Visit) -> Answer:
    contents = [content.to_json(visit.base) for content in reversed(visit.account.contents.values())]
    return _shown(v1_page(visit, contents, key="contents", path="/v1/Content"))


def _list_with_approvals(visit: Visit) -> Answer:
    contents = [_with_approval(content, visit.base) for content in reversed(visit.account.contents.values())]
    return _shown(v1_page(visit, contents, key="contents", path="/v1/ContentAndApprovals"))


def _fetch(visit: Visit) -> Answer:
    return _shown(_content(visit).to_json(visit.base))


def _update(visit: Visit) -> Answer:
    content = _content(visit)
    content.change(visit.json(), now=visit.account.now())
    return _shown(content.to_json(visit.base))


def _delete(visit: Visit) -> Answer:
    del visit.account.contents[_content(visit).sid]
    return Answer(204)


def _ask_approval(visit: Visit) -> Answer:
    """Hands a template in; the answer is `received`, what becomes of it shows when it is looked at again."""
    content, given = _content(visit), visit.json()
    name, category = given.get("name"), given.get("category")
    if not isinstance(name, str) or not name or not _NAME.issuperset(name):
        raise TwilioError(20001, "name must be of lower-case letters, digits and _")
    if category not in CATEGORIES:
        raise TwilioError(20001, f"category must be one of {', '.join(CATEGORIES)}")
    if content.status in {"pending", "approved"}:
        raise TwilioError(20001, f"the template was submitted already and is {content.status}")
    content.approval = Approval(name=name, category=category, content_type=content.content_type)
    received = content.approval.to_json()
    content.approval.status = visit.account.settings.content_approval
    return _shown(received, 201)


def _fetch_approval(visit: Visit) -> Answer:
    content = _content(visit)
    return _shown(
        {
            "sid": content.sid,
            "account_sid": content.account_sid,
            "whatsapp": _approval(content),
            "url": f"{visit.base}/v1/Content/{content.sid}/ApprovalRequests",
        }
    )


def rendered(account: TwilioAccount, form: Form, to: str) -> tuple[str, list[str], bool]:
    """A message's text and media by its template, and whether WhatsApp lets it open a conversation.

    Raises TwilioError 21654 for variables without a template, 21655 for one that isn't the account's, 21656 for
    variables that can't be.
    """
    sid = field(form, "ContentSid")
    if not sid:
        raise TwilioError(21654)
    content = account.contents.get(sid)
    if content is None and account.settings.any_content and is_content_sid(sid):
        content = account.made_content(sid)
    if content is None:
        raise TwilioError(21655, sid[:100])
    body, media = content.rendered(_variables(field(form, "ContentVariables")), whatsapp=to.startswith(PREFIX))
    return body, media, content.opens_a_conversation


def _variables(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        given = client_json.read(text)
    except ValueError:
        raise TwilioError(21656) from None
    if not isinstance(given, dict) or not all(type(value) in (str, int, float) for value in given.values()):
        raise TwilioError(21656)
    return {name: str(value) for name, value in given.items()}


def _content(visit: Visit) -> Content:
    content = visit.account.contents.get(visit.args[0])
    if content is None:
        raise TwilioError(20404, f"/Content/{visit.args[0]}")
    return content


def _approval(content: Content) -> dict[str, Any]:
    if content.approval is not None:
        return {"type": "whatsapp", **content.approval.to_json()}
    return {
        "type": "whatsapp",
        "name": "",
        "category": "",
        "content_type": content.content_type,
        "status": "unsubmitted",
    }


def _with_approval(content: Content, base: str) -> dict[str, Any]:
    shown = content.to_json(base)
    del shown["links"], shown["url"]
    return {**shown, "approval_requests": _approval(content)}


def _shown(value: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, encode(value).encode(), [JSON])


_ONE = r"/v1/Content/([^/]+)"

ROUTES = [
    Route("content.create", "POST", r"/v1/Content", _create),
    Route("content.list", "GET", r"/v1/Content", _list),
    Route("content.approvals.list", "GET", r"/v1/ContentAndApprovals", _list_with_approvals),
    Route("content.fetch", "GET", _ONE, _fetch),
    Route("content.update", "PUT", _ONE, _update),
    Route("content.delete", "DELETE", _ONE, _delete),
    Route("content.approvals.create", "POST", rf"{_ONE}/ApprovalRequests/whatsapp", _ask_approval),
    Route("content.approvals.fetch", "GET", rf"{_ONE}/ApprovalRequests", _fetch_approval),
]
