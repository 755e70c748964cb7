"""Files of version 1 are read as before; one that says `version = 2` is told the new name of each old key."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest

from harness.errors import ProfileError
from harness.profile import Profile, parse
from harness.profile.upgrading import MOVED, spelled, upgraded

API = {"processes": {"api": {"command": ["x"]}}}
VALUES: dict[tuple[str, ...], Any] = {("api", "message"): "/m/{id}"}


def nested(key: tuple[str, ...], value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    reduce(lambda table, name: table.setdefault(name, {}), key[:-1], made)[key[-1]] = value
    return made


def at(profile: Profile, key: tuple[str, ...]) -> Any:
    return reduce(getattr, key, profile)


@pytest.mark.parametrize("old", MOVED, ids=spelled)
def test_an_old_key_is_read_where_it_is_now(old: tuple[str, ...]) -> None:
    value = VALUES.get(old, "/own" if old[0] == "api" else "own")
    profile = parse({**API, **nested(old, value)}, source="p.toml", environ={})
    expected = f"{value}/" if old == ("api", "conversations") else value
    assert at(profile, MOVED[old]) == expected


@pytest.mark.parametrize("old", MOVED, ids=spelled)
def test_version_2_names_the_new_key(old: tuple[str, ...]) -> None:
    with pytest.raises(ProfileError) as error:
        parse({"version": 2, **API, **nested(old, "/x")}, source="p.toml", environ={}, lines={old: 7})
    assert str(error.value).startswith(f"p.toml:7: {spelled(old)}: in version 2 this is {spelled(MOVED[old])}")


@pytest.mark.parametrize("old", MOVED, ids=spelled)
def test_both_at_once_are_too_many(old: tuple[str, ...]) -> None:
    both = nested(MOVED[old], "/x{id}")
    both.setdefault(old[0], {})[old[1]] = "/y{id}"
    with pytest.raises(ProfileError, match="says the same; leave one of them out"):
        parse({**API, **both}, source="p.toml", environ={})


def test_what_is_wrong_with_an_old_key_is_said_of_the_old_key() -> None:
    with pytest.raises(ProfileError) as error:
        parse({**API, "api": {"send": 7}}, source="p.toml", environ={}, lines={("api", "send"): 5})
    assert str(error.value) == 'p.toml:5: [api] send: write a text: "…"; got 7'


def test_the_files_own_table_stays_as_it_was() -> None:
    table = {**API, "api": {"send": "/x", "url": "http://h"}}
    new, moved = upgraded(table)
    assert table["api"] == {"send": "/x", "url": "http://h"}
    assert new["send"] == {"path": "/x"}
    assert new["api"] == {"url": "http://h"}
    assert moved == {("send", "path"): ("api", "send")}


def test_conversations_of_version_1_stand_below_their_path() -> None:
    way = parse({**API, "api": {"conversations": "/c"}}, source="p", environ={}).conversations
    assert (way.path, way.messages) == ("/c/", "/c/{id}/messages")


@pytest.mark.parametrize("version", [0, 3, "2"])
def test_a_version_that_there_is_not(version: Any) -> None:
    with pytest.raises(ProfileError, match=r"version: write one of 1 or 2"):
        parse({**API, "version": version}, source="p.toml", environ={})
