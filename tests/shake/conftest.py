"""The suites that are shaken are data: the ordinary run collects none of them."""

collect_ignore = ["naive", "stable"]
