"""The page at `/`: static files of the package, and nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mock_providers.control.guard import COOKIE

_FOLDER = Path(__file__).parent.parent / "web"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
_HEADERS = {
    # what the page may load; mails are shown in a sandboxed frame, which keeps their styles and nothing else
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "cache-control": "no-cache",
}


def _file(name: str) -> Response:
    path = _FOLDER / name
    return Response(path.read_bytes(), headers={**_HEADERS, "content-type": _TYPES[path.suffix]})


async def index(request: Request) -> Response:
    """The page; a token in the address moves into a cookie, where no log or history keeps it."""
    token = request.query_params.get("token")
    if token:
        moved = RedirectResponse("/", status_code=303)
        moved.set_cookie(COOKIE, token, httponly=True, samesite="strict")
        return moved
    return _file("index.html")


def _asset(name: str) -> Route:
    async def show(_: Request) -> Response:
        return _file(name)

    return Route(f"/web/{name}", show)


ROUTES = [Route("/", index), *map(_asset, ("app.js", "story.js", "dialogs.js", "lacks.js", "visible.js", "style.css"))]
