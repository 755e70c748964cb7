"""Drivers that start a stack, or attach to one, and hold, kill and restart its processes."""
