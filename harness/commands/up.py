"""A stack that stays up: deployed by a process of its own, asked over a socket that only its owner can reach."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import DeployError, Inconclusive, UsageError
from harness.keeping import advice, reserved
from harness.plugin.options import parse_env
from harness.profile import Profile, load
from harness.profile.base import Channel
from harness.profile.processes import kind_of
from harness.scenario.messages import message
from harness.scenario.stack import Stack
from harness.session import Options, deployed

STATE = "state.json"
ATTACHED = "attached.toml"


def start(
    *, profile: Path, deploy: str | None, build: Path, stack_env: Sequence[str], without: Sequence[str]
) -> dict[str, Any]:
    """Starts the background process and waits until its stack is ready; returns its state. Raises UsageError."""
    load(profile, driver=deploy)
    known = parse_env(stack_env)
    if (running := state(build)) is not None:
        raise UsageError(f"a stack is already up (process {running['pid']}); `harness down` first")
    command = [sys.executable, "-m", "harness", "serve-up", "--profile", str(profile), "--build", str(build)]
    for option, values in (
        ("--without", without),
        ("--deploy", [deploy] if deploy else []),
    ):
        for value in values:
            command += [option, value]
    try:
        build.mkdir(parents=True, exist_ok=True)
        output = (build / "up.log").open("wb")
    except OSError as error:
        raise UsageError(advice(error, f"the stack's output can't be written to {build}")) from error
    told_r, told_w = os.pipe()
    with output as log:
        process = subprocess.Popen(
            [*command, "--tell", str(told_w)],
            pass_fds=(told_w,),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    os.close(told_w)
    if process.stdin is not None:  # not by its command line, which every user of the machine can read
        with contextlib.suppress(BrokenPipeError), process.stdin as settings:
            settings.write(json.dumps(known).encode())
    with os.fdopen(told_r, encoding="utf-8") as told:
        said = told.read()  # ends when it is ready, or dead
    if said != "ready":
        process.wait()
        lines = (build / "up.log").read_text(encoding="utf-8").strip().splitlines() or ["it died without a word"]
        raise DeployError(lines[-1].removeprefix("error: "))
    ready = state(build)
    if ready is None:
        raise DeployError(f"the stack came up and went away at once; look at {build / 'up.log'}")
    return ready


def state(build: Path) -> dict[str, Any] | None:
    """What is known of the stack that is up; None when none is."""
    try:
        known: dict[str, Any] = json.loads((build / STATE).read_text(encoding="utf-8"))
        ask(known, "ping")
    except (OSError, ValueError, KeyError, TypeError, UsageError):  # or what stands there is none of ours
        return None
    return known


def running(build: Path) -> dict[str, Any]:
    """The state of the stack that is up; raises UsageError when none is."""
    known = state(build)
    if known is None:
        raise UsageError("no stack is up; start one with `harness up`")
    return known


def ask(known: Mapping[str, Any], command: str, **options: object) -> dict[str, Any]:
    """Gives one command (ping, status, restart, send, stop) and waits for its answer; raises UsageError without one."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(known["socket"])
            client.sendall(json.dumps({"command": command, **options}).encode() + b"\n")
            with client.makefile("r", encoding="utf-8") as lines:
                line = lines.readline()
        except OSError as error:
            raise UsageError(f"the stack that was up doesn't answer ({error}); start one with `harness up`") from error
    if not line:
        raise UsageError("the stack that was up went away without an answer; start one with `harness up`")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise UsageError(str(answer["error"]))
    return answer


def serve(*, profile: Path, deploy: str | None, options: Options, tell: int | None) -> None:
    """Deploys the stack and answers commands until told to stop (or SIGTERM, SIGINT)."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
    loaded = load(profile, driver=deploy)
    with (
        reserved(options.build),
        tempfile.TemporaryDirectory(prefix="messaging-harness-up-") as private,
        deployed(loaded, options) as stack,
    ):
        place = str(Path(private) / "control")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(place)
            server.listen()
            keep_state(stack, options.build, place)
            try:
                if tell is not None:
                    os.write(tell, b"ready")
                    os.close(tell)
                answer_until_stopped(server, stack, loaded, options.build)
            except KeyboardInterrupt:
                pass
            finally:
                for name in (STATE, ATTACHED):
                    (options.build / name).unlink(missing_ok=True)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def keep_state(stack: Stack, build: Path, place: str) -> None:
    """Writes what other commands need: where the stack is, and a profile that attaches to it; both private."""
    where = stack.driver.addresses
    known = {"pid": os.getpid(), "socket": place, "api": where.api, "mocks": where.mocks, "redis": where.redis}
    for name, text in ((STATE, json.dumps(known)), (ATTACHED, attached_profile(stack, build))):
        path = build / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    keep_pids(stack, build)


def attached_profile(stack: Stack, build: Path) -> str:
    """A profile for `harness verify --profile`, to look at the same stack from outside: all that its own says of it."""
    where, table = stack.driver.addresses, stack.profile.written
    table["version"] = 2
    for how_to_start_it in ("deploy", "images", "env", "migrate", "processes"):
        table.pop(how_to_start_it, None)
    known: dict[str, dict[str, str | None]] = {
        "deploy": {"driver": "attached"},
        "api": {"url": where.api},
        "queue": {"url": where.redis},
        "database": {"url": where.database},
        "providers": {
            "url": where.mocks,
            "token": where.mocks_token,
        },
    }
    accounts = {"twilio": where.twilio_account, "sendgrid": where.sendgrid_account}
    for section, values in known.items():
        table[section] = {**table.get(section, {}), **{name: value for name, value in values.items() if value}}
    table["providers"]["accounts"] = {name: value for name, value in accounts.items() if value}
    if table["queue"].get("observe") == "wire":
        del table["queue"]["observe"]  # only what we deploy has a wire
    table["processes"] = {
        kind: {**({} if one.role == kind else {"role": one.role}), "pid_file": str((build / f"{kind}.pid").resolve())}
        for kind, one in stack.profile.processes.items()
    }
    import tomli_w

    return tomli_w.dumps(named(table))


def named(value: Any) -> Any:
    """A table without None, which TOML doesn't know: a profile says "" for what there isn't."""
    if isinstance(value, dict):
        return {name: named(inner) for name, inner in value.items()}
    return "" if value is None else value


def keep_pids(stack: Stack, build: Path) -> None:
    for kind, one in stack.profile.processes.items():
        mine = [member for member in stack.driver.members(one.role) if kind_of(member.name) == kind]
        (build / f"{kind}.pid").write_text("\n".join(str(member.pid) for member in mine), encoding="utf-8")


def answer_until_stopped(server: socket.socket, stack: Stack, profile: Profile, build: Path) -> None:
    while True:
        client, _ = server.accept()
        with client, client.makefile("rw", encoding="utf-8") as lines:
            asked = json.loads(lines.readline() or "{}")
            command = asked.pop("command", None)
            answer = obey(command, stack, profile, **asked)
            keep_pids(stack, build)
            lines.write(json.dumps(answer) + "\n")
            lines.flush()
            if command == "stop":
                return


def obey(command: str | None, stack: Stack, profile: Profile, **options: Any) -> dict[str, Any]:
    """Carries out one command of another `harness` process."""
    try:
        match command:
            case "ping" | "stop":
                return {"pid": os.getpid()}
            case "restart":
                for role in profile.roles:
                    stack.role(role).restart()
                return {"members": members(stack)}
            case "status":
                return {"members": members(stack), "streams": streams(stack, profile), "events": len(stack.history)}
            case "send":
                return sent(stack, **options)
    except (UsageError, Inconclusive) as error:
        return {"error": str(error)}
    return {"error": f"unknown command {command!r}"}


def sent(stack: Stack, *, channel: Channel, to: str | None, body: str) -> dict[str, Any]:
    """Sends a message, so that the request and its answer stand in the record; returns what the API said."""
    answer = stack.api_client.send(message(channel, body, to=to))
    return {"status": answer["status"], "body": answer["body"], "id": answer["id"]}


def members(stack: Stack) -> list[dict[str, Any]]:
    return [
        {"name": member.name, "role": role, "pid": member.pid, "held": member.held}
        for role in stack.profile.roles
        for member in stack.driver.members(role)
    ]


def streams(stack: Stack, profile: Profile) -> list[dict[str, Any]]:
    names = [*profile.queue.streams.values(), *([profile.queue.dead] if profile.queue.dead else [])]
    return [dict(stack.counters.count(name).data) for name in dict.fromkeys(names)]


def stop(build: Path) -> int:
    """Stops the stack that is up and waits until its process is gone; returns its process number."""
    known = running(build)
    pid = int(known["pid"])
    gone = os.pidfd_open(pid)
    try:
        ask(known, "stop")
        select.select([gone], [], [], 30)  # a pidfd is readable once its process has ended
    finally:
        os.close(gone)
    return pid
