"""A recorded run, judged again without its stack."""
