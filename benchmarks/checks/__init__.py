"""What it costs to judge a long record."""
