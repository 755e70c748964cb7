"""Brings the schema up to date: `python -m notify.migrate`."""

from __future__ import annotations

from notify.models import Base, engine

if __name__ == "__main__":
    Base.metadata.create_all(engine)
