"""Real PostgreSQL (one server a session, one database a test), real Valkey, real processes."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator

import pytest
from stack_support import ROOT, Database, Deployment, Loop, News, Postgres, Providers, Valkey, remove, scratch

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


@pytest.fixture
def news() -> News:
    return News()


@pytest.fixture
def database(postgres: Postgres, loop: Loop, news: News) -> Iterator[Database]:
    name = f"test_{next(_numbers)}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE migrated STRATEGY file_copy")
    database = Database(postgres, name, loop=loop, news=news)
    yield database
    database.close()
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    directory = scratch()
    server = Valkey(directory)
    yield server
    server.close()
    remove(directory)


@pytest.fixture
def providers(loop: Loop, news: News) -> Iterator[Providers]:
    providers = Providers(loop=loop, news=news)
    yield providers
    providers.close()


@pytest.fixture
def stack(database: Database, valkey: Valkey, providers: Providers, news: News) -> Iterator[Deployment]:
    deployment = Deployment(database=database, valkey=valkey, providers=providers, news=news)
    yield deployment
    deployment.close()
