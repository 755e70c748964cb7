"""Real PostgreSQL (one server a session, one database a test), real Valkey, real processes."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from stack_deployment import Deployment
from stack_servers import Database, Postgres, Providers, Valkey
from stack_support import ROOT, Loop, News, Process, remove, scratch

_numbers = itertools.count(1)

# Tells the tests of every change, so that they need not look again and again.
_TELL = """
CREATE FUNCTION test_tell() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('test_news', ''); RETURN NULL; END $$;
CREATE TRIGGER test_tell AFTER INSERT OR UPDATE ON messages FOR EACH STATEMENT EXECUTE FUNCTION test_tell();
CREATE TRIGGER test_tell AFTER INSERT OR UPDATE OR DELETE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION test_tell();
CREATE TRIGGER test_tell AFTER INSERT OR UPDATE ON webhook_logs FOR EACH STATEMENT EXECUTE FUNCTION test_tell();
"""


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def postgres(loop: Loop) -> Iterator[Postgres]:
    directory = scratch()
    server = Postgres(directory, loop=loop)
    server.execute("CREATE DATABASE migrated")
    subprocess.run(
        [sys.executable, "-m", "messaging_stack", "migrate"],
        check=True,
        cwd=ROOT,
        env={"POSTGRES_PORT": str(server.port), "POSTGRES_DB": "migrated", "PATH": ""},
        stdout=subprocess.DEVNULL,
    )
    server.execute(_TELL, database="migrated")
    yield server
    server.close()
    remove(directory)


@contextmanager
def a_database(postgres: Postgres, loop: Loop, news: News) -> Iterator[Database]:
    name = f"test_{next(_numbers)}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE migrated STRATEGY file_copy")
    try:
        with closing(Database(postgres, name, loop=loop, news=news)) as database:
            yield database
    finally:
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def a_valkey() -> Iterator[Valkey]:
    directory = scratch()
    try:
        with closing(Valkey(directory)) as server:
            yield server
    finally:
        remove(directory)


@pytest.fixture
def news() -> News:
    return News()


@pytest.fixture
def database(postgres: Postgres, loop: Loop, news: News) -> Iterator[Database]:
    with a_database(postgres, loop, news) as database:
        yield database


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with a_valkey() as valkey:
        yield valkey


@pytest.fixture
def providers(loop: Loop, news: News) -> Iterator[Providers]:
    with closing(Providers(loop=loop, news=news)) as providers:
        yield providers


@pytest.fixture
def stack(database: Database, valkey: Valkey, providers: Providers, news: News) -> Iterator[Deployment]:
    """A stack of the test's own, of which nothing runs yet."""
    with closing(Deployment(database=database, valkey=valkey, providers=providers, news=news)) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def api_env() -> dict[str, str]:
    """Settings of the module's shared API."""
    return {}


@pytest.fixture(scope="module")
def shared(postgres: Postgres, loop: Loop, api_env: dict[str, str]) -> Iterator[tuple[Deployment, Process]]:
    news = News()
    with (
        a_database(postgres, loop, news) as database,
        a_valkey() as valkey,
        closing(Providers(loop=loop, news=news)) as providers,
        closing(Deployment(database=database, valkey=valkey, providers=providers, news=news)) as deployment,
    ):
        yield deployment, deployment.api(**api_env)


@pytest.fixture
def served(shared: tuple[Deployment, Process]) -> Iterator[Deployment]:
    """A stack whose API runs and is left alone by the test; it is the module's, and empty."""
    deployment, api = shared
    yield deployment
    assert api.child.poll() is None, api.lines
    deployment.empty(keep=api)
