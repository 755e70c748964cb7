"""Of the life of an entry: from its place in the queue to its end."""

from __future__ import annotations

from tests.quality.defects.defect import Defect

DEFECTS: tuple[Defect, ...] = ()
