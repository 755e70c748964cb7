"""What of a compose file is ours for the time of a run: ports on loopback alone, labels, settings."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from harness.errors import DeployError


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One container of a kind of process: the service that it is in our file, and what it is told beyond the user's."""

    name: str
    env: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] | None = None
    cwd: str | None = None
    stop_signal: str | None = None


def overlaid(
    config: Mapping[str, Any],
    *,
    copies: Mapping[str, Sequence[Copy]],
    publish: Mapping[str, Mapping[int, int]],
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """The file that a run uses: the user's, as compose reads it, with ours laid over it.

    `copies`: the containers of each service that is a process of the stack, which take its place; `publish`: ports of
    services, inside and on this machine. Whatever else the user publishes isn't: another run may do so too. A process
    waits for no other, since their order is the profile's.
    """
    made = copy.deepcopy(dict(config))
    services: dict[str, Any] = made["services"]
    ours = set(copies)
    for name, service in services.items():
        for key in ("ports", "container_name", "scale"):
            service.pop(key, None)
        service.get("deploy", {}).pop("replicas", None)
        service["labels"] = {**pairs(service.get("labels")), **labels}
        service["depends_on"] = without(service.get("depends_on"), ours)
        if name in publish:
            service["ports"] = [f"127.0.0.1:{outside}:{inside}" for inside, outside in publish[name].items()]
    for name, wanted in copies.items():
        original = services.pop(name)
        for number, one in enumerate(wanted):
            services[one.name] = copied(original, one, name=name, first=number == 0)
    networks = made.setdefault("networks", {}) or {}
    made["networks"] = networks
    if any("networks" not in service and "network_mode" not in service for service in services.values()):
        networks.setdefault("default", {})
    for part in (networks, made.get("volumes") or {}):
        for name, said in list(part.items()):
            if not (said or {}).get("external"):
                part[name] = {**(said or {}), "labels": {**pairs((said or {}).get("labels")), **labels}}
    return made


def copied(original: Mapping[str, Any], one: Copy, *, name: str, first: bool) -> dict[str, Any]:
    """The service of one container of a process."""
    service = copy.deepcopy(dict(original))
    service["restart"] = "no"  # where it ends, that is to be seen
    if not first:
        service.pop("ports", None)  # one port leads to one container
    service["environment"] = {**pairs(service.get("environment")), **{k: dollar(v) for k, v in one.env.items()}}
    if one.command is not None:
        service["command"] = [dollar(word) for word in one.command]
    if one.cwd is not None:
        service["working_dir"] = one.cwd
    if one.stop_signal is not None:
        service["stop_signal"] = one.stop_signal
    named_alike(service, name)
    return service


def named_alike(service: dict[str, Any], name: str) -> None:
    """A copy is called on its networks as the user's service is."""
    if "network_mode" in service:
        return
    said = service.get("networks") or {"default": None}
    known = dict.fromkeys(said) if isinstance(said, list) else said
    service["networks"] = {
        network: {**(one or {}), "aliases": sorted({*((one or {}).get("aliases") or ()), name})}
        for network, one in known.items()
    }


def pairs(said: Any) -> dict[str, Any]:
    """Labels or settings, which may be written as a list."""
    if isinstance(said, list):
        return {name: value for name, _, value in (str(one).partition("=") for one in said)}
    return dict(said or {})


def without(said: Any, names: set[str]) -> Any:
    """What a service waits for, without these."""
    if isinstance(said, list):
        return [one for one in said if one not in names]
    return {name: how for name, how in (said or {}).items() if name not in names}


def dollar(text: str) -> str:
    """As compose reads it, to whom $ begins a variable."""
    return text.replace("$", "$$")


def place(url: str, config: Mapping[str, Any], *, key: str, port: int) -> tuple[str, int]:
    """The service and the port inside that a profile's address names; raises DeployError where there is no such one."""
    parts = urlsplit(url)
    services = config.get("services") or {}
    if parts.hostname not in services:
        raise DeployError(
            f"{key} = {parts.scheme}://{parts.hostname}… names no service of the compose file; it has "
            f"{', '.join(sorted(services))}: write the address as a service reaches it"
        )
    return str(parts.hostname), parts.port or port


def moved(url: str, port: int) -> str:
    """The same address where it is published on this machine."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()
