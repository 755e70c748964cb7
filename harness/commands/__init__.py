"""The `harness` command: each of its commands in a file, put together in `cli`."""
