"""The workers' programs, each run by the interpreter of its own environment, with this folder on its path."""
