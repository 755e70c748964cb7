"""A project's folder: how its processes are started, its settings, its libraries; files are read, nothing is run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.discovery import compose, settings, sources
from harness.discovery.draft import Draft
from harness.discovery.operations import Operation, apply
from harness.discovery.redis_keys import kinds
from harness.discovery.sources import Source
from harness.discovery.words import READY

Say = Callable[[str], None]
API: Final = ("api", "web", "server", "app", "http", "start", "serve")
"""What a process that answers requests is called."""
MIGRATE: Final = ("migrate", "release", "db:migrate", "migrations", "migrate:up")
WORKER: Final = re.compile(r"worker|consumer|queue|celery|sidekiq|jobs?$")
LINE: Final = re.compile(r"^([A-Za-z][\w-]*):\s*(\S.*)$", re.MULTILINE)
SHELL: Final = re.compile(r"[&|;<>$`]")
LIBRARIES: Final = {
    "celery": "celery",
    "rq": "rq",
    "arq": "arq",
    "dramatiq": "dramatiq",
    "taskiq": "taskiq",
    "bullmq": "bullmq",
}
"""A dependency's name, and the kind of queue that it makes."""
CHANNELS: Final = {"twilio": "sms", "sendgrid": "email"}


@dataclass(frozen=True, kw_only=True)
class Command:
    """How a process is started, and where that was read."""

    words: list[str]
    why: str


def look(directory: Path, draft: Draft, *, say: Say) -> list[Operation]:
    """Puts into the draft what a project's files say; returns the operations that its source names."""
    read = sources.read(directory)
    more = ", and maybe more: only those nearest to its top are read" if len(read) == sources.MOST else ""
    say(f"{directory} has {len(read)} source file{'s' * (len(read) != 1)}{more}")
    libraries = dependencies(directory) or imported(read)
    if libraries:
        known = [name for name in (*LIBRARIES, *CHANNELS, "fastapi", "flask", "express", "redis") if name in libraries]
        say(f"its dependencies: {', '.join(known) or 'none that says anything'}")
    python = interpreter(directory)
    for role, command in processes(directory, read, libraries, python=python).items():
        say(f"{role}: {shlex.join(command.words)} ({command.why})")
        key = ("migrate",) if role == "migrate" else ("processes", role, "command")
        draft.put(key, command.words, command.why)
    for role in ("api", "worker"):
        draft.ask(("processes", role, "command"), ["{python}", f"{role}.py"], f"how the {role} is started")
    sqlite = is_on_sqlite(read, libraries)
    if sqlite:
        draft.put(("database", "kind"), "sqlite", "the source names SQLite, and no driver of PostgreSQL", "guess")
    named = settings.named(read, directory)
    file, services = compose.services(directory)
    if services:
        say(f"{file} has the services {', '.join(service.name for service in services[:8])}")
    for service in services:
        for setting in service.settings if role_of(service.name) in ("api", "worker") else ():
            named.setdefault(setting, f"{file}: {service.name}")
    for name, value, where in settings.filled(named, sqlite=sqlite):
        draft.put(("env", name), value, f"{where} reads {name}", "guess")
    for name, kind in LIBRARIES.items():
        if name in libraries and kind in kinds():
            draft.put(("queue", "kind"), kind, f"the project depends on {name}", "guess")
            break
    channels = [channel for name, channel in CHANNELS.items() if name in libraries]
    operations = sources.operations(read)
    apply(operations, draft)
    if channels and not draft.get("claims", "channels"):
        draft.put(("claims", "channels"), channels, "the project depends on their providers' libraries", "guess")
    if not draft.get("api", "ready"):
        ready(operations, libraries, draft)
    return operations


def ready(operations: Sequence[Operation], libraries: frozenset[str], draft: Draft) -> None:
    """A path that will answer 2xx, where none of the usual ones is named."""
    known = [one.path for one in operations if one.method == "GET" and not one.parameters]
    path: str | None = next((path for path in READY if path in known), None)
    if path is None and "fastapi" in libraries:
        path = "/openapi.json"
    if path is not None:
        draft.put(("api", "ready"), path, "a path that answers without being given anything", "guess")
    else:
        draft.ask(("api", "ready"), "/healthz", "a path that answers 2xx once the API takes messages")


def dependencies(directory: Path) -> frozenset[str]:
    """The names of the libraries that the project asks for."""
    found: set[str] = set()
    for name in ("requirements.txt", "requirements/base.txt", "requirements/production.txt", "Pipfile"):
        for line in text_of(directory / name).splitlines():
            if match := re.match(r"\s*([A-Za-z][\w.-]*)", line):
                found.add(match[1].lower())
    table = parsed(lambda: tomllib.loads(text_of(directory / "pyproject.toml")))
    for line in [*list_of(table, "project", "dependencies"), *table_of(table, "tool", "poetry", "dependencies")]:
        if match := re.match(r"\s*([A-Za-z][\w.-]*)", str(line)):
            found.add(match[1].lower())
    package = parsed(lambda: json.loads(text_of(directory / "package.json")))
    for section in ("dependencies", "devDependencies"):
        found |= {str(name).rpartition("/")[2].lower() for name in table_of(package, section)}
    return frozenset(name.replace("@sendgrid/mail", "sendgrid") for name in found)


def imported(read: Sequence[Source]) -> frozenset[str]:
    """The libraries that the source imports, where no file lists them."""
    python = re.compile(r"^(?:from|import)\s+(\w{1,40})", re.MULTILINE)
    node = re.compile(r"""(?:require\(|from\s+)["'](@?[\w/-]{1,60})["']""")
    found = {match[1] for source in read for pattern in (python, node) for match in pattern.finditer(source.text)}
    return frozenset("sendgrid" if name == "@sendgrid/mail" else name.lower() for name in found)


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:300_000]
    except OSError:
        return ""


def parsed(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (ValueError, RecursionError):
        return {}


def table_of(value: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def list_of(value: Any, *keys: str) -> list[Any]:
    found = table_of(value, *keys[:-1]).get(keys[-1])
    return found if isinstance(found, list) else []


def interpreter(directory: Path) -> str:
    """The Python of the project's own environment, where it has one; else the harness' own."""
    own = next((name for name in (".venv", "venv", "env") if (directory / name / "bin" / "python").exists()), None)
    if own:
        return f"{{profile}}/{own}/bin/python"
    on_path = shutil.which("python")
    theirs = on_path is not None and Path(on_path).parent.resolve() != Path(sys.executable).parent.resolve()
    return "python" if theirs else "{python}"


def processes(directory: Path, read: Sequence[Source], libraries: frozenset[str], *, python: str) -> dict[str, Command]:
    """How each process is started: as a file of the project says, else as its libraries want it."""
    found: dict[str, Command] = {}
    for role, command in (
        *procfile(directory),
        *scripts(directory),
        *by_library(directory, read, libraries, python=python),
        *composed(directory),
    ):
        found.setdefault(role, command)
    return dict(sorted(found.items(), key=lambda entry: entry[0] != "migrate"))


def role_of(name: str) -> str | None:
    """The role of a process that is called so; None for one that is none."""
    plain = name.lower()
    if plain in MIGRATE:
        return "migrate"
    if plain in API:
        return "api"
    return re.sub(r"[^a-z0-9_-]", "-", plain) if WORKER.search(plain) else None


def procfile(directory: Path) -> Iterator[tuple[str, Command]]:
    for name, line in LINE.findall(text_of(directory / "Procfile")):
        role = role_of(name)
        if role is not None:
            yield role, Command(words=words(line), why=f"Procfile: {name}")


def scripts(directory: Path) -> Iterator[tuple[str, Command]]:
    package = parsed(lambda: json.loads(text_of(directory / "package.json")))
    for name, line in table_of(package, "scripts").items():
        role = role_of(str(name))
        if role is not None and isinstance(line, str):
            plain = words(line) if not SHELL.search(line) else ["npm", "run", "--silent", str(name)]
            yield role, Command(words=plain, why=f"package.json: scripts.{name}")


def composed(directory: Path) -> Iterator[tuple[str, Command]]:
    """What a compose file says: its commands are meant for images, so whatever else is known goes before them."""
    name, services = compose.services(directory)
    for service in services:
        role = role_of(service.name)
        if role is not None and service.command:
            yield role, Command(words=words(shlex.join(service.command)), why=f"{name}: {service.name}")


def words(line: str) -> list[str]:
    """A command line as a list; a `$PORT` in it is the deployment's."""
    line = re.sub(r"\$\{?(?:PORT)(?::-?\d+)?\}?", "{port}", line)
    if SHELL.search(line):
        return ["sh", "-c", line]
    try:
        return shlex.split(line)
    except ValueError:
        return ["sh", "-c", line]


def by_library(
    directory: Path, read: Sequence[Source], libraries: frozenset[str], *, python: str
) -> Iterator[tuple[str, Command]]:
    for source in read:
        yield from of_python(directory, source, libraries, python=python)
        yield from of_node(source)
    if (directory / "alembic.ini").is_file():
        yield "migrate", Command(words=[python, "-m", "alembic", "upgrade", "head"], why="alembic.ini")
    if (directory / "manage.py").is_file():
        yield "migrate", Command(words=[python, "manage.py", "migrate"], why="manage.py")


def of_python(
    directory: Path, source: Source, libraries: frozenset[str], *, python: str
) -> Iterator[tuple[str, Command]]:
    if not source.name.endswith(".py"):
        return
    module = source.name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    runs = re.search(r"^if __name__\s*==\s*[\"']__main__[\"']", source.text, re.MULTILINE) is not None
    own = (
        [python, "-m", module] if (directory / source.name).with_name("__init__.py").exists() else [python, source.name]
    )
    listen = ["--host", "{host}", "--port", "{port}"]
    if match := re.search(r"^(\w+)(?:\s*:\s*\w+)?\s*=\s*(?:FastAPI|Starlette|Litestar)\(", source.text, re.MULTILINE):
        line = [python, "-m", "uvicorn", f"{module}:{match[1]}", *listen]
        yield "api", Command(words=own if runs else line, why=f"{source.name}:{source.line(match.start())}")
    if match := re.search(r"^(\w+)\s*=\s*Flask\(|^def (create_app)\(", source.text, re.MULTILINE):
        app = match[1] or f"{match[2]}()"
        line = [python, "-m", "flask", "--app", f"{module}:{app}", "run", *listen]
        if "gunicorn" in libraries:
            line = [python, "-m", "gunicorn", "--bind", "{host}:{port}", "--threads", "8", f"{module}:{app}"]
        yield "api", Command(words=line, why=f"{source.name}:{source.line(match.start())}")
    if match := re.search(r"^\w+\s*=\s*Celery\(", source.text, re.MULTILINE):
        line = [python, "-m", "celery", "-A", module, "worker", "--concurrency", "2"]
        yield "worker", Command(words=line, why=f"{source.name}:{source.line(match.start())}")
    if "rq" in libraries and (match := re.search(r"\bQueue\(\s*[\"'](\w{1,40})[\"']", source.text)):
        line = [python, "-m", "rq.cli", "worker", "--url", settings.REDIS_URL, match[1]]
        yield "worker", Command(words=line, why=f"{source.name}:{source.line(match.start())}")
    if "arq" in libraries and (match := re.search(r"^class (\w*WorkerSettings)\b", source.text, re.MULTILINE)):
        line = [python, "-m", "arq", f"{module}.{match[1]}"]
        yield "worker", Command(words=line, why=f"{source.name}:{source.line(match.start())}")
    if "dramatiq" in libraries and (match := re.search(r"^@dramatiq\.actor", source.text, re.MULTILINE)):
        yield (
            "worker",
            Command(words=[python, "-m", "dramatiq", module], why=f"{source.name}:{source.line(match.start())}"),
        )
    if (
        runs
        and re.search(r"\bcreate_all\(|CREATE TABLE", source.text)
        and not re.search(r"\.(?:post|get)\(\s*[\"']/", source.text)
    ):
        yield "migrate", Command(words=own, why=f"{source.name} makes tables when it is run")
    if runs and (role := role_of(Path(source.name).stem.rpartition("_")[2])) in ("api", "worker"):
        yield role, Command(words=own, why=f"{source.name} is a program of this name")


def of_node(source: Source) -> Iterator[tuple[str, Command]]:
    path = Path(source.name)
    if path.suffix not in (".js", ".mjs", ".cjs"):
        return
    line = Command(words=["node", source.name], why=source.name)
    if re.search(r"\.listen\(", source.text) and path.stem in (*API, "index", "main"):
        yield "api", line
    elif WORKER.search(path.stem):
        yield "worker", line
    elif path.stem in MIGRATE:
        yield "migrate", line


def is_on_sqlite(read: Sequence[Source], libraries: frozenset[str]) -> bool:
    """Whether the project keeps its rows in SQLite, as far as its source says."""
    others = {"psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "pg", "postgres", "mysqlclient", "pymysql"}
    said = any(
        re.search(r"\bimport sqlite3|sqlite(?:\+\w+)?://|better-sqlite3|aiosqlite", source.text) for source in read
    )
    return said and not any(name.partition("[")[0] in others for name in libraries)
