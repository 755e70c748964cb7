"""The settings that a project reads, by their names, and what a deployment of ours would fill in for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from harness.discovery.sources import Source

READ: Final = (
    re.compile(r"""\bos\.environ(?:\.get\(|\[)\s*["'](\w{2,60})["']"""),
    re.compile(r"""\bos\.getenv\(\s*["'](\w{2,60})["']"""),
    re.compile(r"""\bprocess\.env\.([A-Z]\w{1,60})"""),
    re.compile(r"""\bprocess\.env\[["'](\w{2,60})["']\]"""),
    re.compile(r"""\benv\.([A-Z][A-Z0-9_]{2,60})\b"""),
    re.compile(r"""\bENV(?:\.fetch\(|\[)["'](\w{2,60})["']"""),
    re.compile(r"""\bos\.Getenv\("(\w{2,60})"\)"""),
)
FILES: Final = (".env", ".env.example", ".env.sample", ".env.dist", "env.example", ".env.development")
LINE: Final = re.compile(r"^[^\S\n]*+(?:export[^\S\n]++)?([A-Z][A-Z0-9_]{1,60})[^\S\n]*+=", re.MULTILINE)
GIVEN: Final = frozenset(
    {
        *("HOST", "PORT", "PUBLIC_URL", "POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD"),
        *("POSTGRES_DB", "REDIS_HOST", "REDIS_PORT", "WORKER_NAME", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
        *("TWILIO_BASE_URL", "SENDGRID_API_KEY", "SENDGRID_BASE_URL"),
    }
)
"""Settings that every process gets anyway."""
POSTGRES_URL: Final = "postgresql://{postgres_user}:{postgres_password}@{postgres_host}:{postgres_port}/{postgres_db}"
REDIS_URL: Final = "redis://{redis_host}:{redis_port}/0"
RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), value)
    for pattern, value in (
        (r"(?:REDIS|BROKER|QUEUE|CELERY).*(?:URL|URI|DSN)$|^(?:\w+_)?(?:REDIS|BROKER)$|RESULT_BACKEND$", REDIS_URL),
        (r"(?:REDIS|VALKEY).*HOST$", "{redis_host}"),
        (r"(?:REDIS|VALKEY).*PORT$", "{redis_port}"),
        (r"(?:DATABASE|DB|POSTGRES|PG|SQLALCHEMY|SQL).*(?:URL|URI|DSN)$", POSTGRES_URL),
        (r"(?:DATABASE|DB|POSTGRES|PG).*HOST$", "{postgres_host}"),
        (r"(?:DATABASE|DB|POSTGRES|PG).*PORT$", "{postgres_port}"),
        (r"(?:DATABASE|DB|POSTGRES|PG).*USER(?:NAME)?$", "{postgres_user}"),
        (r"(?:DATABASE|DB|POSTGRES|PG).*(?:PASSWORD|PASS)$", "{postgres_password}"),
        (r"(?:DATABASE|DB|POSTGRES|PG).*(?:NAME|DATABASE|DB)$", "{postgres_db}"),
        (r"TWILIO.*(?:URL|API|HOST|BASE|ENDPOINT)$", "{twilio_base_url}"),
        (r"TWILIO.*(?:SID|ACCOUNT)$", "{twilio_account_sid}"),
        (r"TWILIO.*(?:TOKEN|SECRET)$", "{twilio_auth_token}"),
        (r"SENDGRID.*KEY$", "{sendgrid_api_key}"),
        (r"SENDGRID.*(?:URL|HOST|BASE|ENDPOINT|API)$", "{sendgrid_base_url}"),
        (r"(?:PUBLIC|EXTERNAL|CALLBACK|WEBHOOK|BASE)_?(?:BASE_)?URL$", "{public_url}"),
        (r"(?:^|_)PORT$", "{port}"),
        (r"(?:^|_)(?:HOST|BIND|ADDRESS)$", "{host}"),
    )
)
"""By a setting's name: what it is filled with, the likeliest first."""


def named(sources: Iterable[Source], directory: Path) -> dict[str, str]:
    """Each setting that the source reads, or a file of settings names, and where."""
    found: dict[str, str] = {}
    for source in sources:
        for pattern in READ:
            for match in pattern.finditer(source.text):
                found.setdefault(match[1], f"{source.name}:{source.line(match.start())}")
    for name in FILES:
        try:
            text = (directory / name).read_text(encoding="utf-8", errors="replace")[:100_000]
        except OSError:
            continue
        for match in LINE.finditer(text):
            found.setdefault(match[1], name)
    return found


def filled(names: dict[str, str], *, sqlite: bool) -> Iterator[tuple[str, str, str]]:
    """The settings that a deployment must give, what with, and where each was named."""
    for name, where in names.items():
        if name in GIVEN:
            continue
        if sqlite and re.search(r"(?:DATABASE|DB|SQLITE)(?:_?(?:PATH|FILE|NAME))?$", name):
            yield name, "{database_path}", where
            continue
        value = next((value for pattern, value in RULES if pattern.search(name)), None)
        if value is not None:
            yield name, "{database_url}" if sqlite and value == POSTGRES_URL else value, where
