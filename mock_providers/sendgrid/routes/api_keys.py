"""API keys: made, renamed, given other scopes, deleted; each works, or no longer does, with the next call.

Messages: captured ("invalid or unassignable scopes were given"); the vendor's documentation names the limit of 100 and
its 403, not their words.
"""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Answer
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.routes.visit import Route, Visit, shown
from mock_providers.sendgrid.state.api_keys import MOST_KEYS, ApiKey
from mock_providers.sendgrid.state.scopes import FULL, KNOWN, granted

LONGEST_NAME = 100


def _create(visit: Visit) -> Answer:
    name, given = _name(visit), visit.body().get("scopes")
    scopes = visit.scopes if given is None else _scopes(visit, given)
    if len(visit.account.api_keys) >= MOST_KEYS:
        raise SendGridError(403, Problem(f"Cannot create more than {MOST_KEYS} API Keys"))
    key = visit.account.api_keys.add(name=name, scopes=scopes)
    answer = shown({"api_key": key.secret, **_with_scopes(key)}, 201)
    answer.message = key.id
    return answer


def _list(visit: Visit) -> Answer:
    keys = [key.to_json() for key in visit.account.api_keys]
    return shown({"result": keys[: visit.number("limit", MOST_KEYS)]})


def _get(visit: Visit) -> Answer:
    return shown(_with_scopes(_key(visit)))


def _rename(visit: Visit) -> Answer:
    key = _key(visit)
    key.name = _name(visit)
    return shown(key.to_json())


def _replace(visit: Visit) -> Answer:
    key, name, given = _key(visit), _name(visit), visit.body().get("scopes")
    # left out, the scopes stay as they are: nothing may give a key more by saying less
    scopes = key.scopes if given is None else _scopes(visit, given)
    key.name, key.scopes = name, scopes
    return shown(_with_scopes(key))


def _delete(visit: Visit) -> Answer:
    visit.account.api_keys.delete(_key(visit))
    return Answer(204)


def _key(visit: Visit) -> ApiKey:
    key = visit.account.api_keys.get(visit.args[0])
    if key is None:
        raise SendGridError(404, Problem("unable to find API Key"))
    return key


def _name(visit: Visit) -> str:
    name = visit.body().get("name")
    if name is None:
        raise SendGridError(400, Problem("missing required argument", "name"))
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise SendGridError(400, Problem(f"name must be a string of 1 to {LONGEST_NAME} characters", "name"))
    return name


def _scopes(visit: Visit, given: Any) -> tuple[str, ...]:
    """The scopes that a key is to have: known ones, and none that the calling key hasn't."""
    if not isinstance(given, list) or not given or not all(isinstance(scope, str) for scope in given):
        raise SendGridError(400, Problem("scopes must be an array of at least one string", "scopes"))
    if not all(scope in KNOWN and granted(visit.scopes, scope) for scope in given):
        raise SendGridError(400, Problem("invalid or unassignable scopes were given", "scopes"))
    return tuple(dict.fromkeys(given))


def _with_scopes(key: ApiKey) -> dict[str, Any]:
    return {**key.to_json(), "scopes": list(key.scopes) or FULL}


_ALL, _ONE = "/v3/api_keys", "/v3/api_keys/([^/]+)"

ROUTES = [
    Route("api_keys.create", "POST", _ALL, _create, scope="api_keys.create"),
    Route("api_keys.list", "GET", _ALL, _list, scope="api_keys.read"),
    Route("api_keys.get", "GET", _ONE, _get, scope="api_keys.read"),
    Route("api_keys.rename", "PATCH", _ONE, _rename, scope="api_keys.update"),
    Route("api_keys.update", "PUT", _ONE, _replace, scope="api_keys.update"),
    Route("api_keys.delete", "DELETE", _ONE, _delete, scope="api_keys.delete"),
]
