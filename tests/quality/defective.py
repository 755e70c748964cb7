"""Runs a process of the reference stack with one seam replaced: `python -m tests.quality.defective NAME api|worker`."""

from __future__ import annotations

import sys

from messaging_stack.cli import main
from tests.quality.defects import DEFECTS, HARMLESS, LOAD_DEFECTS

if __name__ == "__main__":
    (DEFECTS | LOAD_DEFECTS | {HARMLESS.name: HARMLESS})[sys.argv.pop(1)].install()
    main()
