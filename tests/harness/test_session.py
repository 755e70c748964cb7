"""How a stack is observed: what is asked where."""

from __future__ import annotations

import pytest

from harness.deploy.driver import Addresses
from harness.profile import Profile
from harness.redact import Redactor
from harness.session import in_database, secretive


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


def test_the_secrets_of_a_profile_are_known_by_the_names_that_they_stand_under() -> None:
    profile = Profile.model_validate(
        {
            "api": {"headers": {"X-Api-Key": "open-sesame-1"}},
            "send": {"headers": {"Authorization": "Custom open-sesame-2"}, "sms": {"headers": {"X-Token": "sesame-3"}}},
            "look": {"headers": {"X-Secret": "sesame-4", "Accept": "application/json"}},
            "env": {"MAIL_PASSWORD": "sesame-5"},
            "processes": {"api": {"command": ["x"], "env": {"DB_PASSWD": "sesame-6"}}},
        }
    )
    redact = Redactor()
    for settings in secretive(profile):
        redact.hide_settings(settings)
    said = "open-sesame-1 Custom open-sesame-2 sesame-3 sesame-4 sesame-5 sesame-6 application/json"
    assert redact(said) == "*** *** *** *** *** *** application/json"
