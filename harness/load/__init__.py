"""Load with a verdict: an open-model generator on Locust, latency per stage, and an account of every message."""
