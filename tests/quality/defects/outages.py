"""Of outages of what the stack stands on: Redis, PostgreSQL, the links to them."""

from __future__ import annotations

from tests.quality.defects.defect import Defect

DEFECTS: tuple[Defect, ...] = ()
