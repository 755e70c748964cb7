"""`python -m messaging_stack`."""

from messaging_stack.cli import main

main()
