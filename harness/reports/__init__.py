"""Reads verdicts and histories and shows them."""
