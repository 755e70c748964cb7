"""A small stack that is not the reference stack: texts through Twilio, names of its own; orders.toml is its profile."""
