"""Takes entries off the streams, delivers their messages, writes down what came of it, and acknowledges them."""
