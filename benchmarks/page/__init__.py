"""What it costs to open and move the page of a long record."""
