"""Runs a process of the reference stack as a right variation has it: `… right.process NAME api|worker|migrate`."""

from __future__ import annotations

import sys

from messaging_stack.cli import main
from tests.quality.right.catalogue import VARIATIONS

if __name__ == "__main__":
    install = VARIATIONS[sys.argv.pop(1)].install
    if install:
        install()
    main()
