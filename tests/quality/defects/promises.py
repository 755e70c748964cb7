"""Of what the API promises: its answers, lists and keys."""

from __future__ import annotations

from tests.quality.defects.defect import Defect

DEFECTS: tuple[Defect, ...] = ()
