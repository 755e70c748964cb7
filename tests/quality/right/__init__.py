"""Right stacks that look unusual: no check may fail one of them (`make quality-right`)."""
