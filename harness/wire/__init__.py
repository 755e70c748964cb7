"""The wire: a pass-through proxy in front of Redis that observes, and gates, what each process says.

It is a process of its own, so that a busy test can't slow the stack down: `python -m harness.wire`.
"""
