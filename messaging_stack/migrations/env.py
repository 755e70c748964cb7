"""What Alembic runs: the revisions, on the connection that `run.upgrade` opened and locked."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
