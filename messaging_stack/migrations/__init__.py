"""The database's schema, as Alembic revisions in plain SQL. Only `migrate` imports this: SQLAlchemy is slow to load."""
