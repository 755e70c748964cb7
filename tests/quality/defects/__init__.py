"""Deliberately wrong stacks, a file a kind: each is the reference stack with a bug that a team would ship."""

from __future__ import annotations

from tests.quality.defects import (
    content,
    crashes,
    entries,
    failures,
    groups,
    outages,
    promises,
    replies,
    reports,
    sending,
    shown,
    signatures,
    tries,
    webhooks,
)
from tests.quality.defects.defect import Defect as Defect

KINDS = (
    sending,
    content,
    failures,
    tries,
    entries,
    groups,
    webhooks,
    replies,
    reports,
    signatures,
    promises,
    shown,
    crashes,
    outages,
)
DEFECTS = {defect.name: defect for kind in KINDS for defect in kind.DEFECTS}
LOAD_DEFECTS = {defect.name: defect for defect in sending.LOAD_DEFECTS}
HARMLESS = sending.HARMLESS
"""Changes nothing: shows that an uncaught defect makes the matrix fail."""
