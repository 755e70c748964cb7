"""The Media subresource of a message."""

from __future__ import annotations

import mimetypes
from typing import Any
from urllib.parse import urlsplit

from mock_providers.asgi import Answer
from mock_providers.twilio.errors import JSON, TwilioError
from mock_providers.twilio.routes.messages import find_message
from mock_providers.twilio.routes.paging import short_list
from mock_providers.twilio.routes.visit import API, Route, Visit
from mock_providers.twilio.state.message import Media, Message, encode, rfc2822


def content_type(url: str) -> str:
    """The type that a media URL's name suggests."""
    return mimetypes.guess_type(urlsplit(url).path)[0] or "image/jpeg"


def _list(visit: Visit) -> Answer:
    message = find_message(visit)
    items = [_json(message, media) for media in message.media]
    page = short_list(visit.form, items, key="media_list", path=f"{message.uri}/Media.json")
    return Answer(200, encode(page).encode(), [JSON])


def _fetch(visit: Visit) -> Answer:
    message, media = _find(visit)
    return Answer(200, encode(_json(message, media)).encode(), [JSON])


def _delete(visit: Visit) -> Answer:
    message, media = _find(visit)
    message.media = tuple(one for one in message.media if one is not media)
    return Answer(204)


def _find(visit: Visit) -> tuple[Message, Media]:
    message = find_message(visit)
    for media in message.media:
        if media.sid == visit.args[1]:
            return message, media
    raise TwilioError(20404, f"{message.uri}/Media/{visit.args[1]}.json")


def _json(message: Message, media: Media) -> dict[str, Any]:
    created = rfc2822(message.created)
    return {
        "account_sid": message.account_sid,
        "content_type": content_type(media.url),
        "date_created": created,
        "date_updated": created,
        "parent_sid": message.sid,
        "sid": media.sid,
        "uri": f"{message.uri}/Media/{media.sid}.json",
    }


_ALL, _ONE = rf"{API}/Messages/([^/.]+)/Media\.json", rf"{API}/Messages/([^/.]+)/Media/([^/.]+?)(?:\.json)?"

ROUTES = [
    Route("media.list", "GET", _ALL, _list),
    Route("media.fetch", "GET", _ONE, _fetch),
    Route("media.delete", "DELETE", _ONE, _delete),
]
