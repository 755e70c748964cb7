"""The verification suite that `harness verify` runs: the six checks of a script that raced, done by evidence."""
