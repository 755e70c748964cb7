"""A record on disk: where its parts lie, all that can be read of it, or only what concerns one message."""
