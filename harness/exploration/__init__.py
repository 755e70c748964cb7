"""Generated programs against a stack: a Hypothesis state machine whose failure is a scenario of a few lines."""
