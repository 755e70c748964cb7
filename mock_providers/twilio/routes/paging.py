"""Pages: the parameters, and the two envelopes that Twilio's API versions put around a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mock_providers.asgi import Form, field
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.routes.visit import Visit

PAGE_SIZE = 50
LARGEST_PAGE = 1000


def page_size(query: Form) -> int:
    given = field(query, "PageSize")
    if not given:
        return PAGE_SIZE
    if not _is_number(given) or not 1 <= int(given) <= LARGEST_PAGE:
        raise TwilioError(20007)
    return int(given)


def page_number(query: Form) -> int:
    given = field(query, "Page")
    if not given:
        return 0
    if not _is_number(given):
        raise TwilioError(20001, "Page")
    return int(given)


def envelope(
    *,
    key: str,
    items: list[dict[str, Any]],
    path: str,
    page: int,
    size: int,
    kept: str = "",
    token: str | None,
    back: str | None = None,
) -> dict[str, Any]:
    """The 2010-04-01 envelope: relative URIs.

    `token` says where the next page begins, None that there is none; `back` where the page before this one ends.
    """
    return {
        "end": page * size + max(len(items) - 1, 0),
        "first_page_uri": f"{path}?PageSize={size}&Page=0{kept}",
        key: items,
        "next_page_uri": None if token is None else f"{path}?PageSize={size}&Page={page + 1}&PageToken={token}{kept}",
        "page": page,
        "page_size": size,
        "previous_page_uri": f"{path}?PageSize={size}&Page={page - 1}{_token(back)}{kept}" if page else None,
        "start": page * size,
        "uri": f"{path}?PageSize={size}&Page={page}{kept}",
    }


def short_list(query: Form, items: Sequence[dict[str, Any]], *, key: str, path: str) -> dict[str, Any]:
    """A page of a list that is small enough to be cut where it is."""
    cut = _cut(query, items)
    return envelope(
        key=key, items=cut.shown, path=path, page=cut.page, size=cut.size, token=cut.following, back=cut.back
    )


def v1_page(visit: Visit, items: Sequence[dict[str, Any]], *, key: str, path: str) -> dict[str, Any]:
    """A page in the envelope of the v1 APIs: absolute URLs under `meta`."""
    cut = _cut(visit.form, items)
    page, url = cut.page, f"{visit.base}{path}?PageSize={cut.size}"
    return {
        "meta": {
            "page": page,
            "page_size": cut.size,
            "first_page_url": f"{url}&Page=0",
            "previous_page_url": f"{url}&Page={page - 1}{_token(cut.back)}" if page else None,
            "url": f"{url}&Page={page}",
            "next_page_url": f"{url}&Page={page + 1}{_token(cut.following)}" if cut.following is not None else None,
            "key": key,
        },
        key: cut.shown,
    }


class _Cut(NamedTuple):
    """A page of a list, and the tokens of those beside it: like the vendor's, they name the item at its edge."""

    shown: list[dict[str, Any]]
    page: int
    size: int
    following: str | None
    back: str | None


def _cut(query: Form, items: Sequence[dict[str, Any]]) -> _Cut:
    size, page, token = page_size(query), page_number(query), field(query, "PageToken")
    begin = page * size
    # a token of an item that is gone leaves the page's number to say where it begins
    at = next((n for n, item in enumerate(items) if item.get("sid") == token[2:]), None) if token else None
    if at is not None:
        begin = at + 1 if token.startswith("PA") else max(at - size, 0)
    end = begin + size if at is None or token.startswith("PA") else at
    shown = list(items[begin:end])
    following = f"PA{shown[-1].get('sid', '')}" if shown and end < len(items) else None
    return _Cut(shown, page, size, following, f"PB{shown[0].get('sid', '')}" if shown else None)


def _token(token: str | None) -> str:
    return "" if token is None else f"&PageToken={token}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
