"""What is laid over a user's compose file, in both of compose's spellings of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.deploy import project
from harness.deploy.overlay import Copy, moved, overlaid, place
from harness.errors import DeployError

LABELS = {"run": "1"}


def config() -> dict[str, Any]:
    return {
        "services": {
            "db": {"image": "db", "ports": [{"published": 5432, "target": 5432}], "restart": "always"},
            "front": {
                "image": "app",
                "container_name": "the-front",
                "environment": ["A=1", "B=user's"],
                "labels": ["team=x"],
                "ports": ["80:8000"],
                "depends_on": {"db": {"condition": "service_healthy"}, "sender": {"condition": "service_started"}},
                "networks": {"inner": {"aliases": ["api"]}},
            },
            "sender": {"image": "app", "restart": "always", "depends_on": ["db", "front"], "deploy": {"replicas": 3}},
        },
        "networks": {"inner": None, "shared": {"external": True, "name": "company"}},
        "volumes": {"rows": {}},
    }


def made() -> dict[str, Any]:
    return overlaid(
        config(),
        copies={
            "front": [Copy(name="front", env={"B": "ours $5"})],
            "sender": [
                Copy(name="sender", stop_signal="SIGINT"),
                Copy(name="sender-harness-2", command=["work", "$x"]),
            ],
        },
        publish={"front": {8000: 20001}, "db": {5432: 20002}},
        labels=LABELS,
    )


def test_ports_are_on_loopback_and_no_others() -> None:
    services = made()["services"]
    assert services["db"]["ports"] == ["127.0.0.1:20002:5432"]
    assert services["front"]["ports"] == ["127.0.0.1:20001:8000"]
    assert "ports" not in services["sender"]


def test_two_runs_of_one_file_can_stand_side_by_side() -> None:
    assert "container_name" not in made()["services"]["front"]


def test_a_process_is_told_ours_beside_what_it_was_told() -> None:
    front = made()["services"]["front"]
    assert front["environment"] == {"A": "1", "B": "ours $$5"}
    assert front["labels"] == {"team": "x", "run": "1"}


def test_one_more_of_a_kind_is_a_service_that_is_called_alike() -> None:
    services = made()["services"]
    one, other = services["sender"], services["sender-harness-2"]
    assert one["stop_signal"] == "SIGINT"
    assert other["command"] == ["work", "$$x"]
    assert other["networks"] == {"default": {"aliases": ["sender"]}}
    assert "replicas" not in other["deploy"]


def test_the_order_of_processes_is_the_profiles_and_their_end_is_seen() -> None:
    services = made()["services"]
    assert services["front"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["sender"]["depends_on"] == ["db"]
    assert services["sender"]["restart"] == "no"
    assert services["db"]["restart"] == "always"


def test_what_compose_makes_has_our_labels_and_what_it_finds_has_not() -> None:
    it = made()
    assert it["networks"] == {
        "inner": {"labels": LABELS},
        "shared": {"external": True, "name": "company"},
        "default": {"labels": LABELS},
    }
    assert it["volumes"] == {"rows": {"labels": LABELS}}


def test_the_users_own_file_stays_as_it_is() -> None:
    mine = config()
    overlaid(mine, copies={"front": [Copy(name="front")]}, publish={}, labels=LABELS)
    assert mine == config()


def test_an_address_is_a_services() -> None:
    assert place("redis://db/0", config(), key="[queue] url", port=6379) == ("db", 6379)
    assert place("http://front:8000", config(), key="[api] url", port=80) == ("front", 8000)
    with pytest.raises(DeployError, match=r"\[queue\] url = redis://cache… names no service .* has db, front, sender"):
        place("redis://:secret@cache:6379/0", config(), key="[queue] url", port=6379)


def test_an_address_as_it_is_published() -> None:
    assert moved("postgresql://a:b%2F@db:5432/x?y=1", 20002) == "postgresql://a:b%2F@127.0.0.1:20002/x?y=1"
    assert moved("redis://db/3", 1) == "redis://127.0.0.1:1/3"


def test_without_compose_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match=r"no compose is to be had: .*apt-get install docker-compose \(Debian\)"):
        project.binary()
