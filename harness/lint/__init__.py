"""Tests that hang on timing, told from their syntax alone: nothing of them is run."""
