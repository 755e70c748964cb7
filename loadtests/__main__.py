"""`python -m loadtests`."""

import sys

from harness.commands.load import main

if __name__ == "__main__":
    sys.exit(main())
