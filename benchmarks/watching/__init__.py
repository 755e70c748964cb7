"""What it costs a stack to be watched under load."""
