"""A seeded schedule of faults under traffic, and the account of all that was sent meanwhile."""
