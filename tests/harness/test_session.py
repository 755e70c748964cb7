"""How a stack is observed: what is asked where."""

from __future__ import annotations

import pytest

from harness.deploy.driver import Addresses
from harness.profile import Profile
from harness.session import in_database


@pytest.mark.parametrize(
    ("driver", "given", "expected"),
    [
        ("embedded", "redis://127.0.0.1:6379/3", "redis://127.0.0.1:5000/3"),
        ("containers", "redis://elsewhere?db=4", "redis://127.0.0.1:5000/4"),
        ("embedded", None, "redis://127.0.0.1:5000/0"),
        ("attached", "redis://127.0.0.1:6379/3", "redis://127.0.0.1:5000/0"),
    ],
)
def test_redis_is_asked_in_the_database_that_the_profile_names(driver: str, given: str | None, expected: str) -> None:
    profile = Profile.model_validate({"deploy": {"driver": driver}, "queue": {"url": given} if given else {}})
    where = Addresses(api="http://127.0.0.1", redis="redis://127.0.0.1:5000/0")
    assert in_database(where, profile).redis == expected
