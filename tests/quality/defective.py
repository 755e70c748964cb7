"""Runs a process of the reference stack with one seam replaced: `python -m tests.quality.defective NAME api|worker`."""

from __future__ import annotations

import sys

from messaging_stack.cli import main
from tests.quality.defects import DEFECTS, HARMLESS, LOAD_DEFECTS, explored

if __name__ == "__main__":
    met_by_programs = {one.name: one for one in (*explored.DEFECTS, explored.RESTLESS)}
    (DEFECTS | LOAD_DEFECTS | met_by_programs | {HARMLESS.name: HARMLESS})[sys.argv.pop(1)].install()
    main()
