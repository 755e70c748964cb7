"""Everything that the stack says to PostgreSQL: one module a concern, one statement a step."""
