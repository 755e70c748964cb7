"""One revision of the schema a file, in Alembic's order."""
