"""A compose file, read by its lines: each service with its image, command and settings; no YAML is evaluated."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

FILES: Final = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
LARGEST: Final = 200_000
LINE: Final = re.compile(
    r"^(?P<space> *+)(?P<dash>- ++)?(?:(?P<key>[\w.$-]+|\"[^\"]*\"|'[^']*')\s*:(?:\s+|$))?(?P<rest>.*)$"
)


@dataclass(kw_only=True)
class Service:
    """One service, as far as its lines tell."""

    name: str
    image: str = ""
    command: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)


def services(directory: Path) -> tuple[str, list[Service]]:
    """The compose file's name and its services; an empty name where there is none."""
    for name in FILES:
        try:
            text = (directory / name).read_text(encoding="utf-8", errors="replace")[:LARGEST]
        except OSError:
            continue
        return name, list(read(text))
    return "", []


def read(text: str) -> Iterator[Service]:
    """The services of a compose file, by how far their lines are indented."""
    depth, current = -1, None
    place: list[tuple[int, str]] = []
    for line in below_services(text):
        space, key, item = len(line["space"]), unquoted(line["key"] or ""), bool(line["dash"])
        depth = space if depth < 0 else depth
        if space == depth and key and not item:
            if current is not None:
                yield current
            current, place = Service(name=key), []
            continue
        while place and (place[-1][0] > space or (place[-1][0] == space and not item)):
            place.pop()
        if current is not None:
            take(current, key, line["rest"].strip(), within=place[-1][1] if place else "", item=item)
        if key and not item:
            place.append((space, key))
    if current is not None:
        yield current


def below_services(text: str) -> Iterator[re.Match[str]]:
    """The lines that stand under `services:`, without comments and empty ones."""
    inside = False
    for raw in text.split("\n"):
        line = raw.split(" #")[0].rstrip()
        if not line.strip() or line.lstrip(" ").startswith(("#", "\t")):
            continue
        found = LINE.match(line)
        if found is None:
            continue
        if not found["space"]:
            inside = found["key"] == "services"
        elif inside:
            yield found


def take(service: Service, key: str, rest: str, *, within: str, item: bool) -> None:
    """Notes one line of a service."""
    if item and within == "command":
        service.command.append(unquoted(rest))
    elif within == "environment":
        name = key or re.split(r"[=:]", unquoted(rest), maxsplit=1)[0]
        if re.fullmatch(r"[A-Za-z_]\w*", name):
            service.settings.append(name)
    elif not within and not item and key == "image":
        service.image = unquoted(rest)
    elif not within and not item and key == "command" and rest:
        service.command = listed(rest)


def listed(rest: str) -> list[str]:
    """A command on one line: a list in brackets, or words as a shell has them."""
    if rest.startswith("["):
        return [unquoted(one) for one in re.findall(r"\"[^\"]*\"|'[^']*'|[^,\[\]\s][^,\[\]]*", rest)]
    try:
        return shlex.split(unquoted(rest))
    except ValueError:
        return []


def unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
