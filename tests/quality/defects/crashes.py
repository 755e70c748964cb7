"""Of crashes: what a process leaves behind that ends between two steps."""

from __future__ import annotations

from tests.quality.defects.defect import Defect

DEFECTS: tuple[Defect, ...] = ()
