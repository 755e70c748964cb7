"""What it costs to find one message in a long record."""
