"""Tests run again and again under disturbances of the pipeline: which hang on timing, on what, and who is at fault."""
