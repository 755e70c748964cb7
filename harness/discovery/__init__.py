"""Looks at a project, or at a stack that runs, and says what its profile would be; nothing is changed by looking."""
