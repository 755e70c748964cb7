"""The reference messaging stack: an API that accepts messages and a worker that delivers them.

`python -m messaging_stack migrate | api | worker`; docs/messaging-stack.md tells how it works and what can be set.
"""
