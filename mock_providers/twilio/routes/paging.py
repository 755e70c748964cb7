"""Pages: the parameters, and the two envelopes that Twilio's API versions put around a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mock_providers.asgi import Form, field
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.routes.visit import Visit

PAGE_SIZE = 50
LARGEST_PAGE = 1000


def page_size(query: Form) -> int:
    given = field(query, "PageSize")
    if not given:
        return PAGE_SIZE
    if not _is_number(given) or int(given) < 1:
        raise TwilioError(20007)
    return min(int(given), LARGEST_PAGE)


def page_number(query: Form) -> int:
    given = field(query, "Page")
    if not given:
        return 0
    if not _is_number(given):
        raise TwilioError(20001, "Page")
    return int(given)


def envelope(
    *, key: str, items: list[dict[str, Any]], path: str, page: int, size: int, kept: str = "", token: str | None
) -> dict[str, Any]:
    """The 2010-04-01 envelope: relative URIs; `token` says where the next page begins, None that there is none."""
    return {
        "end": page * size + max(len(items) - 1, 0),
        "first_page_uri": f"{path}?PageSize={size}&Page=0{kept}",
        key: items,
        "next_page_uri": None if token is None else f"{path}?PageSize={size}&Page={page + 1}&PageToken={token}{kept}",
        "page": page,
        "page_size": size,
        "previous_page_uri": f"{path}?PageSize={size}&Page={page - 1}{kept}" if page else None,
        "start": page * size,
        "uri": f"{path}?PageSize={size}&Page={page}{kept}",
    }


def short_list(query: Form, items: Sequence[dict[str, Any]], *, key: str, path: str) -> dict[str, Any]:
    """A page of a list that is small enough to be cut by its page number."""
    size, page = page_size(query), page_number(query)
    shown = list(items[page * size : (page + 1) * size])
    more = len(items) > (page + 1) * size
    return envelope(key=key, items=shown, path=path, page=page, size=size, token=f"PA{page + 1:032x}" if more else None)


def v1_page(visit: Visit, items: Sequence[dict[str, Any]], *, key: str, path: str) -> dict[str, Any]:
    """A page in the envelope of the v1 APIs: absolute URLs under `meta`."""
    size, page = page_size(visit.form), page_number(visit.form)
    url = f"{visit.base}{path}"
    more = len(items) > (page + 1) * size
    return {
        "meta": {
            "page": page,
            "page_size": size,
            "first_page_url": f"{url}?PageSize={size}&Page=0",
            "previous_page_url": f"{url}?PageSize={size}&Page={page - 1}" if page else None,
            "url": f"{url}?PageSize={size}&Page={page}",
            "next_page_url": f"{url}?PageSize={size}&Page={page + 1}&PageToken=PA{page + 1:032x}" if more else None,
            "key": key,
        },
        key: list(items[page * size : (page + 1) * size]),
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
