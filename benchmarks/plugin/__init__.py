"""What the pytest plugins cost a run that doesn't use them, beside plain pytest."""
