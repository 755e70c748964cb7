"""The suites that are shaken: which tests there are, what each hangs on, and who is at fault."""

from __future__ import annotations

import shutil
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import tomli_w

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
SETTINGS: Final = {
    "API_URL": "{api}",
    "MOCKS_URL": "{mocks}",
    "REDIS_URL": "{redis}",
    "TWILIO_ACCOUNT": "{twilio_account}",
}
WORDS: Final = [word for name, value in SETTINGS.items() for word in ("--env", f"{name}={value}")]


@dataclass(frozen=True)
class Naive:
    """A test that is timing-dependent: on one of these axes, as one of these is right, and whose fault that is."""

    name: str
    axes: tuple[str, ...]
    at_fault: str = "test"


@dataclass(frozen=True)
class Suite:
    """Some of the files, on one stack; `wrong` names what is wrong with it."""

    name: str
    files: tuple[str, ...]
    naive: tuple[Naive, ...] = ()
    wrong: str = ""
    only: str = ""
    options: tuple[str, ...] = field(default=())


FASTER: Final = ("order=worker-first", "api=slow")
SLOWER: Final = ("worker=slow", "order=api-first", "pause=worker", "database=slow")
CALLED: Final = (*SLOWER, "provider=slow", "order=callback-first")
OTHERS: Final = ("order of tests", "state=left-over")
LOOKING: Final = Suite(
    "looking",
    ("naive/test_looking.py",),
    (
        Naive("test_pending_after_the_send", (*FASTER,)),
        Naive("test_pending_or_sent_after_the_send", (*FASTER, *CALLED, "order=worker-first and provider=slow")),
        Naive("test_sent_after_the_send", SLOWER),
        Naive("test_the_mock_was_called", SLOWER),
        Naive("test_the_queue_is_empty_once_it_is_sent", SLOWER),
    ),
)
WAITING: Final = Suite(
    "waiting",
    ("naive/test_waiting.py",),
    tuple(
        Naive(name, CALLED)
        for name in (
            "test_sent_after_a_sleep",
            "test_the_mock_was_called_after_a_sleep",
            "test_sent_within_a_short_deadline",
            "test_sent_at_one_of_five_looks",
        )
    ),
)
SHARING: Final = Suite(
    "sharing",
    ("naive/test_sharing.py",),
    (
        Naive("test_its_number_is_in_the_list", OTHERS),
        Naive("test_one_message_in_the_list", OTHERS),
        Naive("test_one_call_in_all", OTHERS),
    ),
)
WEBHOOKS: Final = Suite(
    "webhooks",
    ("naive/test_webhooks.py",),
    (
        Naive("test_delivered_a_moment_after_the_report", ("webhook=slow",)),
        Naive("test_a_reply_is_in_the_list_a_moment_later", ("webhook=slow",)),
    ),
)
FIXTURES: Final = Suite(
    "fixtures",
    ("naive/test_fixtures.py",),
    (
        Naive("test_pending_in_the_flow", (*FASTER,)),
        Naive("test_sent_within_half_a_second", CALLED),
    ),
)
MACHINE: Final = Suite(
    "machine", ("naive/test_machine.py",), (Naive("test_the_export_is_quick", ("cpu=load",), "machine"),)
)
IMPATIENT: Final = Suite(
    "impatient",
    ("naive/test_stack.py",),
    (Naive("test_sent_once", ("provider=slow", "order=callback-first"), "stack"),),
    wrong="impatient",
    only="test_sent_once",
)
EAGER: Final = Suite(
    "eager",
    ("naive/test_stack.py",),
    (Naive("test_sent_in_the_end", ("order=crash-after-ack", "order=crash-before-ack"), "stack"),),
    wrong="eager",
    only="test_sent_in_the_end",
)
NAIVE: Final = (LOOKING, WAITING, SHARING, WEBHOOKS, FIXTURES, MACHINE, IMPATIENT, EAGER)
STABLE: Final = Suite("stable", ("stable/test_team.py", "stable/test_fixtures.py"))


def written(suite: Suite, folder: Path) -> Path:
    """The suite as a team has it, in a folder of its own, with the profile of its stack."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in suite.files:
        shutil.copy(HERE / name, folder)
    shutil.copy(HERE / "team.py", folder / "conftest.py")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    table = tomllib.loads((ROOT / "harness.toml").read_text(encoding="utf-8"))
    if suite.wrong:
        table["cwd"] = str(ROOT)
        for kind in ("api", "worker"):
            command = ["{python}", "-m", "tests.shake.wrong", suite.wrong, kind]
            table["processes"][kind]["command"] = command
    (folder / "harness.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    return folder


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "harness", "shake", *words]
