"""Measurements, as ratios within one run; the machine's absolute speed doesn't matter."""
