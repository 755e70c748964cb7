"""Of a provider's failures: tried again, given up, told."""

from __future__ import annotations

from tests.quality.defects.defect import Defect

DEFECTS: tuple[Defect, ...] = ()
